import Dispatch
import Glibc
import Synchronization
import Testing

@testable import BristleconeCLI

/// A log that nobody reads must not keep the node waiting.
@Suite struct LogWriterTests {
    private struct Pipe {
        var reading: Int32
        var writing: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
        }

        func readAll() -> String {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(reading, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test func linesAreWrittenInOrder() throws {
        let pipe = try Pipe()
        let writer = LogWriter(descriptor: pipe.writing)
        for number in 0..<100 { writer.write("line \(number)") }
        writer.flush(within: 60)
        close(pipe.writing)
        #expect(pipe.readAll() == (0..<100).map { "line \($0)\n" }.joined())
    }

    @Test func anUnreadPipeDelaysNobodyAndTellsHowManyLinesItCost() throws {
        let pipe = try Pipe()
        // The pipe is full before the first line.
        _ = fcntl(pipe.writing, F_SETFL, O_NONBLOCK)
        let filling = [UInt8](repeating: 46, count: 4096)
        var filled = 0
        while case let count = write(pipe.writing, filling, filling.count), count > 0 { filled += count }
        _ = fcntl(pipe.writing, F_SETFL, 0)

        let line = String(repeating: "x", count: 99)
        let writer = LogWriter(descriptor: pipe.writing, bytesMax: 10_000)
        let count = 1000
        for _ in 0..<count { writer.write(line) }
        // Returns although nothing could be written.
        writer.flush(within: 0)

        // On a thread of its own: those of tasks may all be waiting, this one for what the other is to read.
        let everything = Mutex("")
        let reader = DispatchQueue(label: "reader")
        reader.async { everything.withLock { $0 = pipe.readAll() } }
        writer.flush(within: 60)
        close(pipe.writing)
        let lines = reader.sync { everything.withLock { $0.dropFirst(filled).split(separator: "\n") } }
        let written = lines.count { $0 == line }
        // What the writer had taken already, and what waited behind it.
        #expect((100...200).contains(written))
        let told = lines.compactMap { $0.firstMatch(of: /: (\d+) lines? dropped here/).flatMap { Int($0.1) } }
        #expect(written + told.reduce(0, +) == count)
    }
}
