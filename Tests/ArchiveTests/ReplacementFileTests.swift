import Foundation
import Glibc
import Testing

@testable import Archive

@Suite struct ReplacementFileTests {
    private let folder: Folder
    private let opened: Int32

    init() throws {
        folder = try Folder()
        opened = open(folder.path, O_RDONLY | O_DIRECTORY)
        #expect(opened >= 0)
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func write(_ text: String, to file: ReplacementFile) {
        #expect(Glibc.write(file.descriptor, text, text.utf8.count) == text.utf8.count)
    }

    /// File systems that know files without a name, and those that do not.
    @Test(arguments: [true, false])
    func takesItsNameInOneStepAndLeavesNoOther(mayBeUnnamed: Bool) throws {
        for text in ["first", "second"] {
            let file = try ReplacementFile("out", in: opened, mayBeUnnamed: mayBeUnnamed)
            write(text, to: file)
            #expect(try names().contains("out") == (text == "second"))
            try file.commit()
            #expect(try names() == ["out"])
            #expect(try String(contentsOfFile: folder.path + "/out", encoding: .utf8) == text)
        }
        var status = stat()
        #expect(lstat(folder.path + "/out", &status) == 0 && status.st_mode == S_IFREG | 0o600)
        close(opened)
    }

    @Test(arguments: [true, false])
    func leavesNothingWhereItIsGivenUp(mayBeUnnamed: Bool) throws {
        try ReplacementFile("out", in: opened, mayBeUnnamed: mayBeUnnamed).abandon()
        do { write("half", to: try ReplacementFile("out", in: opened, mayBeUnnamed: mayBeUnnamed)) }
        #expect(try names() == [])
        close(opened)
    }

    @Test(arguments: [true, false])
    func replacesALinkAndNotWhatItLeadsTo(mayBeUnnamed: Bool) throws {
        try "precious".write(toFile: folder.path + "/victim", atomically: false, encoding: .utf8)
        #expect(symlink("victim", folder.path + "/out") == 0)
        let file = try ReplacementFile("out", in: opened, mayBeUnnamed: mayBeUnnamed)
        write("new", to: file)
        try file.commit()
        #expect(try String(contentsOfFile: folder.path + "/victim", encoding: .utf8) == "precious")
        #expect(try names() == ["out", "victim"])
        close(opened)
    }

    @Test(arguments: [true, false])
    func saysThatAFolderIsInTheWay(mayBeUnnamed: Bool) throws {
        #expect(mkdir(folder.path + "/out", 0o700) == 0)
        let file = try ReplacementFile("out", in: opened, mayBeUnnamed: mayBeUnnamed)
        #expect(throws: FileFault(code: EISDIR)) { try file.commit() }
        file.abandon()
        #expect(try names() == ["out"])
        close(opened)
    }
}

@Suite struct KeptFolderTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func make(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: KeptFolder.parent(of: "\(folder.path)/\(name)"), withIntermediateDirectories: true)
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
