import Archive
import Foundation
import IPv8
import Maintenance

/// Measures what a node does with an archive that ``Filling`` made while it runs: `ArchiveBench upkeep FOLDER`.
///
/// In the end everything has expired, so the folder can be measured once.
struct Upkeep {
    private let archive: Archive
    private let memory = AnonymousMemory()
    private let timeMax = Duration.seconds(60)

    /// As many as the node takes at a time.
    private static let dueMax = 256
    private static let sweepMax = 4096
    private static let scrubMax = 1000

    private static let dueAt = Filling.now + .seconds(3600)
    private static let expiredAt = Filling.now + Filling.lifetime + .seconds(86_400)
    private static let overAt = expiredAt + .seconds(86_400 * 3650)

    init(folder: String) throws {
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        archive = try Archive.open(folder: folder, options: options, now: Filling.now + .seconds(60))
    }

    func run() throws {
        try republish()
        try scrub()
        try sweep(at: Filling.now + .seconds(60), "nothing has expired")
        try sweep(at: Upkeep.expiredAt, "everything has expired")
        try sweep(at: Upkeep.overAt, "what has expired was kept for long enough")
        archive.close()
        memory.stop()
    }

    /// The list of what is due, and what follows for each key of it.
    private func republish() throws {
        var count = 0
        var (listing, reading, noting) = (Duration.zero, Duration.zero, Duration.zero)
        for _ in 0..<8 {
            let (due, time) = try timed { try archive.dueList(at: Upkeep.dueAt, limit: Upkeep.dueMax) }
            if count == 0 { print("republishing: \(due.total) keys are due") }
            listing += time
            reading += try timed {
                for key in due.keys { _ = try archive.republishableEntries(of: key.target, at: Upkeep.dueAt) }
            }.1
            let results = due.keys.map { key in
                RepublishResult(
                    target: key.target, outcome: .othersCloser, holders: [], retryAt: Upkeep.dueAt + .seconds(900),
                    sought: nil)
            }
            noting += try timed { try archive.note(results, at: Upkeep.dueAt) }.1
            count += results.count
        }
        print("  a list of \(count / 8): \(listing / 8)")
        print("  the values of a key: \(reading / count); the note of what became of it: \(noting / count)")
        printMemory()
    }

    private func scrub() throws {
        let verifier = SignatureVerifier()
        var cursor: ScrubCursor? = .start
        let now = Upkeep.dueAt
        try repeatedly("scrub") {
            guard let place = cursor else { return nil }
            let step = try archive.scrub(from: place, limit: Upkeep.scrubMax, at: now, begunAt: now, verifier)
            precondition(step.damaged.isEmpty, "every record is sound")
            cursor = step.next
            return step.checked
        }
    }

    private func sweep(at now: Instant, _ what: String) throws {
        var isOver = false
        var changed = 0
        try repeatedly("sweep, \(what)") {
            guard !isOver else { return nil }
            let step = try archive.sweep(at: now, limit: Upkeep.sweepMax)
            isOver = step.endsRound
            changed += step.changed
            return step.examined
        }
        print("  \(changed) of them moved or removed")
    }

    /// Repeats a step until it returns `nil` or the time is up, and prints the records a second.
    private func repeatedly(_ what: String, _ step: () throws -> Int?) throws {
        let begun = ContinuousClock.now
        var records = 0
        while ContinuousClock.now - begun < timeMax, let count = try step() { records += count }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        let rate = Int(Double(records) / seconds)
        print("\(what): \(records) records in \(String(format: "%.1f", seconds)) s, \(rate) a second")
        printMemory()
    }

    private func printMemory() { print("  memory: at most \(memory.takePeak())") }

    private func timed<Result>(_ body: () throws -> Result) rethrows -> (Result, Duration) {
        let begun = ContinuousClock.now
        let result = try body()
        return (result, ContinuousClock.now - begun)
    }
}
