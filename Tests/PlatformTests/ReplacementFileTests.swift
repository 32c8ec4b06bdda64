import Foundation
import Glibc
import Platform
import SystemPackage
import Testing

@Suite final class ReplacementFileTests {
    private let folder: ScratchFolder
    private let opened: OpenFolder

    init() throws {
        folder = try ScratchFolder()
        opened = try OpenFolder(folder.path)
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func write(_ text: String, to file: ReplacementFile) throws {
        try file.write(Array(text.utf8))
    }

    /// File systems that know files without a name, and those that do not.
    @Test(arguments: [true, false])
    func takesItsNameInOneStepAndLeavesNoOther(mayBeUnnamed: Bool) throws {
        for text in ["first", "second"] {
            let file = try ReplacementFile("out", in: opened.descriptor, mayBeUnnamed: mayBeUnnamed)
            try write(text, to: file)
            #expect(try names().contains("out") == (text == "second"))
            try file.commit()
            #expect(try names() == ["out"])
            #expect(try String(contentsOfFile: folder.path + "/out", encoding: .utf8) == text)
        }
        var status = stat()
        #expect(lstat(folder.path + "/out", &status) == 0 && status.st_mode == S_IFREG | 0o600)
    }

    @Test(arguments: [true, false])
    func leavesNothingWhereItIsGivenUp(mayBeUnnamed: Bool) throws {
        try ReplacementFile("out", in: opened.descriptor, mayBeUnnamed: mayBeUnnamed).abandon()
        do { try write("half", to: try ReplacementFile("out", in: opened.descriptor, mayBeUnnamed: mayBeUnnamed)) }
        #expect(try names() == [])
    }

    @Test(arguments: [true, false])
    func replacesALinkAndNotWhatItLeadsTo(mayBeUnnamed: Bool) throws {
        try "precious".write(toFile: folder.path + "/victim", atomically: false, encoding: .utf8)
        #expect(symlink("victim", folder.path + "/out") == 0)
        let file = try ReplacementFile("out", in: opened.descriptor, mayBeUnnamed: mayBeUnnamed)
        try write("new", to: file)
        try file.commit()
        #expect(try String(contentsOfFile: folder.path + "/victim", encoding: .utf8) == "precious")
        #expect(try names() == ["out", "victim"])
    }

    @Test(arguments: [true, false])
    func saysThatAFolderIsInTheWay(mayBeUnnamed: Bool) throws {
        #expect(mkdir(folder.path + "/out", 0o700) == 0)
        let file = try ReplacementFile("out", in: opened.descriptor, mayBeUnnamed: mayBeUnnamed)
        #expect(throws: Errno.isDirectory) { try file.commit() }
        file.abandon()
        #expect(try names() == ["out"])
    }
}
