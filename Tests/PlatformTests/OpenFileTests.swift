import Foundation
import Glibc
import Platform
import SystemPackage
import Testing

@Suite struct OpenFileTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test func createsAFileForItsOwnerAlone() throws {
        let path = folder.path + "/new"
        try OpenFile(creating: path).write([1, 2, 3])
        let status = try FileStatus.of(path)
        #expect(status.isRegularFile && status.st_mode & 0o777 == 0o600 && status.st_size == 3)
        #expect(throws: Errno.fileExists) { try OpenFile(creating: path).write([4]) }
    }

    @Test func createsNothingBehindALink() throws {
        #expect(symlink("destination", folder.path + "/link") == 0)
        #expect(throws: Errno.fileExists) { try OpenFile(creating: folder.path + "/link").write([1]) }
        #expect(!FileStatus.exists(folder.path + "/destination"))
    }

    @Test(arguments: [(3, 4), (4, 5), (5, 5), (9, 5)])
    func readsOneByteMoreThanTheLimitAtMost(bytesMax: Int, count: Int) throws {
        let path = folder.path + "/file"
        try OpenFile(creating: path).write([1, 2, 3, 4, 5])
        let read = try OpenFile(path, flags: O_RDONLY).read(bytesMax: bytesMax)
        #expect(read == Array([1, 2, 3, 4, 5].prefix(count)))
    }

    @Test func saysWhyAFileDoesNotOpen() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            _ = try OpenFile(folder.path + "/missing", flags: O_RDONLY).status()
        }
        #expect("\(Errno.noSuchFileOrDirectory)" == "No such file or directory")
        #expect(Errno.noSuchFileOrDirectory.reason == "no such file or directory")
    }

    @Test func readsAndWritesAtAPlace() throws {
        let path = folder.path + "/file"
        let file = try OpenFile(path, flags: O_RDWR | O_CREAT)
        try WholeBytes.write([1, 2, 3, 4], to: file.descriptor)
        try WholeBytes.write([9, 9], to: file.descriptor, at: 1)
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(try WholeBytes.read(into: &bytes, from: file.descriptor, at: 2) == 2)
        #expect(bytes == [9, 4, 0, 0, 0, 0, 0, 0])
    }

    /// A pipe that does not wait takes 64 KiB at a time; writing waits for the reader instead of giving up.
    @Test func writesAllOfItToAPipeThatHasNoRoom() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        #expect(fcntl(writing, F_SETFL, O_NONBLOCK) == 0)
        let sent = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        // On a thread of its own, because tests share few.
        Thread.detachNewThread {
            try? WholeBytes.write(sent[...], to: writing)
            close(writing)
        }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try Errno.check { read(reading, &chunk, chunk.count) }
            if count == 0 { break }
            received += chunk[..<count]
        }
        close(reading)
        #expect(received == sent)
    }

    @Test func writingToAPipeThatNobodyReadsFails() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        signal(SIGPIPE, SIG_IGN)
        close(ends[0])
        let writing = OpenFile(owning: ends[1])
        #expect(throws: Errno.brokenPipe) { try writing.write([1]) }
    }

    @Test func knowsAFileByItsIdentityWhateverItIsCalled() throws {
        let (path, other) = (folder.path + "/file", folder.path + "/other")
        let file = try OpenFile(path, flags: O_RDWR | O_CREAT)
        #expect(link(path, other) == 0)
        #expect(FileIdentity(path: path) == FileIdentity(path: other))
        #expect(FileIdentity(path: path) == FileIdentity(descriptor: file.descriptor))
        #expect(unlink(path) == 0 && FileIdentity(path: path) == nil)
        try OpenFile(creating: path).write([1])
        #expect(FileIdentity(path: path) != FileIdentity(descriptor: file.descriptor))
    }
}
