import Foundation
import Glibc
import Platform
import Testing

@testable import Archive

@Suite struct KeptFolderTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func make(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: FolderPath("\(folder.path)/\(name)").parent.text, withIntermediateDirectories: true)
        try "".write(toFile: "\(folder.path)/\(name)", atomically: false, encoding: .utf8)
    }

    @Test(arguments: [
        ["data/bristlecone.format"], ["data/archive.mdb"], ["data/manifest.json", "data/manifest.sha256"],
    ])
    func findsAFolderThatIsKeptHoweverDeepAPlaceLiesInIt(files: [String]) throws {
        for file in files { try make(file) }
        let data = try #require(KeptFolder(around: folder.path + "/data")?.path)
        #expect(data.hasSuffix("/data"))
        for place in ["/data/sub", "/data/sub/not/there", "/data/../data"] {
            #expect(KeptFolder(around: folder.path + place)?.path == data, "\(place)")
        }
        #expect(symlink("data", folder.path + "/link") == 0)
        #expect(KeptFolder(around: folder.path + "/link")?.path == data)
        #expect(KeptFolder(around: folder.path) == nil)
    }

    @Test func leavesOtherFoldersAlone() throws {
        for file in ["web/manifest.json", "web/index.sqlite"] { try make(file) }
        #expect(KeptFolder(around: folder.path + "/web") == nil)
        #expect(KeptFolder(around: "/") == nil)
    }

    @Test func knowsAFileByWhateverNameItHas() throws {
        try make("data/archive.mdb")
        try make("other")
        #expect(link(folder.path + "/data/archive.mdb", folder.path + "/second") == 0)
        var status = stat()
        #expect(stat(folder.path + "/second", &status) == 0)
        #expect(KeptFolder.name(of: status, in: folder.path + "/data") == "archive.mdb")
        #expect(stat(folder.path + "/other", &status) == 0)
        #expect(KeptFolder.name(of: status, in: folder.path + "/data") == nil)
    }
}
