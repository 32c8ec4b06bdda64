internal import Console
internal import Dispatch
internal import Platform
internal import Synchronization

/// Writes lines to a descriptor on its own thread, so that logging never waits for a slow reader.
///
/// Lines wait in a bounded buffer. If the reader is too slow, further lines are dropped; a later line says how many.
final class LogWriter: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var droppedCount = 0
        var isWriting = false
    }

    private let descriptor: Int32
    private let bytesMax: Int
    private let note: @Sendable (_ droppedCount: Int) -> String
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "bristlecone.log")
    private let writing = DispatchGroup()

    /// - Parameters:
    ///   - bytesMax: the size of the buffer, by default some thousand lines.
    ///   - note: the line that tells of dropped lines.
    init(
        descriptor: Int32, bytesMax: Int = 1 << 19,
        note: @escaping @Sendable (_ droppedCount: Int) -> String = { "(\(LogWriter.complaint(droppedCount: $0)))" }
    ) {
        self.descriptor = descriptor
        self.bytesMax = bytesMax
        self.note = note
    }

    /// Queues a line, or drops it. Never waits.
    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        let beginsWriting = state.withLock { state in
            if state.waiting.count + bytes.count > bytesMax {
                state.droppedCount += 1
            } else {
                state.waiting += bytes
            }
            defer { state.isWriting = true }
            return !state.isWriting
        }
        guard beginsWriting else { return }
        writing.enter()
        queue.async { [self] in
            // If the reader is gone, there is nobody to tell.
            while let next = takeNext() { try? WholeBytes.write(next[...], to: descriptor) }
            writing.leave()
        }
    }

    /// Waits until everything is written, but not for ever, because nobody may be reading.
    func flush(within seconds: Int) { _ = writing.wait(timeout: .now() + .seconds(seconds)) }

    /// What is said of dropped lines.
    static func complaint(droppedCount: Int) -> String {
        "The log was not read fast enough: \(Words.count(droppedCount, "line")) dropped here."
    }

    /// The next bytes to write, with a note about dropped lines at the end; `nil` if there are none.
    private func takeNext() -> [UInt8]? {
        state.withLock { state in
            var next = state.waiting
            state.waiting.removeAll()
            if state.droppedCount > 0 {
                next += Array("\(note(state.droppedCount))\n".utf8)
                state.droppedCount = 0
            }
            state.isWriting = !next.isEmpty
            return next.isEmpty ? nil : next
        }
    }
}
