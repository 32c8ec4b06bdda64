import Foundation
import Synchronization

/// The process's memory without files: pages of a map can be dropped and read again, so they do not count.
final class AnonymousMemory: Sendable {
    private let peak = Mutex(0)
    private let isDone = Atomic(false)
    private static let interval = 0.02

    /// Starts to measure fifty times a second.
    init() {
        Thread.detachNewThread { [self] in
            while !isDone.load(ordering: .relaxed) {
                look()
                Thread.sleep(forTimeInterval: AnonymousMemory.interval)
            }
        }
    }

    /// Stops measuring.
    func stop() { isDone.store(true, ordering: .relaxed) }

    /// The maximum since the last call, in words.
    func takePeak() -> String {
        look()
        let bytes = peak.withLock { peak in
            defer { peak = 0 }
            return peak
        }
        return String(format: "%.1f MiB", Double(bytes) / 1_048_576)
    }

    private func look() {
        let now = AnonymousMemory.bytes()
        peak.withLock { $0 = max($0, now) }
    }

    /// `RssAnon` of `/proc/self/status`.
    private static func bytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon") }
        let words = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }) ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
    }
}
