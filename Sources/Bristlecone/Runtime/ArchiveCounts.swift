internal import Archive
internal import Maintenance
internal import Platform

/// What is counted over the whole archive. Each figure has a thread of its own, so that no count waits for another.
final class ArchiveCounts: Sendable {
    /// What is due to be republished, and how much is kept alive. Status, overview and plan tell the same.
    let due: Recount<DueKeys>
    /// The signers with the most values.
    let publishers: Recount<[PublisherReport]>
    private let workers: [SerialWorker]

    /// How many publishers are counted.
    static let publishersMax = BristleconeNode.pageMax

    init(_ archive: Archive, clock: @escaping @Sendable () -> ClockMoment) {
        workers = ["count-due", "count-signers"].map { SerialWorker($0, isBackground: true) }
        due = Recount(on: workers[0]) { () throws(ArchiveError) in try archive.dueList(at: clock().now, limit: 1) }
        publishers = Recount(on: workers[1]) { () throws(ArchiveError) in
            try ArchiveCounts.publishers(try ArchiveReader(of: archive))
        }
    }

    /// Begins the first counts.
    func begin() {
        due.begin()
        publishers.begin()
    }

    /// Counts anew what was counted while the index was incomplete.
    func restart() {
        due.restart()
        publishers.restart()
    }

    private static func publishers(_ reader: ArchiveReader) throws(ArchiveError) -> [PublisherReport] {
        var walk = try PublisherWalk(reader, by: .values, isReversed: false, limit: publishersMax)
        var publishers: [PublisherReport] = []
        while !walk.isAtEnd { publishers += try walk.next().map(PublisherReport.init) }
        return publishers
    }

    func shutdown() async {
        for worker in workers { await worker.stop() }
    }
}
