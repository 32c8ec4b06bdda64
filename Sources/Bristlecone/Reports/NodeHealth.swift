internal import Archive
internal import IPv8

/// Whether a node works, and if not, why.
public struct NodeHealth: Sendable, Equatable, Codable {
    /// Whether the node gets anything done: if not, only a restart helps.
    public var isLive: Bool
    /// Whether it can be relied on: it is live, takes part in the overlay, and its archive accepts stores.
    public var isReady: Bool
    /// Why it is not live or not ready, the gravest reason first; empty if it is both.
    public var reasons: [Reason]

    private enum CodingKeys: String, CodingKey {
        case reasons
        case isLive = "live"
        case isReady = "ready"
    }

    /// One reason why a node is not well.
    public struct Reason: Sendable, Hashable, Codable {
        /// For programs.
        public let code: Code
        /// A sentence for people: what is wrong, and what to do.
        public let message: String
    }

    /// Reasons why a node is not well, the gravest first. Later versions may have more, so a switch needs a default.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// The event loop has given no sign of life for 10 seconds.
        case loopStalled = "loop_stalled"
        /// A commit has not come to an end for 30 seconds.
        case writerStalled = "writer_stalled"
        case stopping
        /// The archive cannot be written.
        case archiveUnwritable = "archive_unwritable"
        /// The archive is as large as it may be.
        case archiveFull = "archive_full"
        /// What is published here or pinned takes the whole share of served values.
        case shareFull = "share_full"
        /// The disk has no room beyond what is kept free.
        case diskFull = "disk_full"
        /// The node has not met another node since its start.
        case noContactsYet = "no_contacts_yet"
        /// The node has met others, and none of them answers any more.
        case cutOff = "cut_off"
        /// The routing table is not as good yet as it was, or as it will be. It takes a minute at most.
        case tableRecovering = "table_recovering"

        /// Whether a node with this is not live. With the others it is only not ready.
        public var endsLife: Bool { self == .loopStalled || self == .writerStalled }
    }
}

extension NodeHealth {
    /// What health follows from.
    struct Facts: Sendable {
        var isStopping = false
        /// How long the event loop has been silent.
        var silence = Duration.zero
        /// How long a commit has been under way.
        var commitAge = Duration.zero
        /// Why the archive cannot be written, a sentence; `nil` if it can.
        var archiveProblem: String?
        var shortage: Refusal?
        var vitals = Pulse.Vitals()
    }

    /// So long the event loop may be silent: it gives a sign of life each second.
    static let silenceMax: Duration = .seconds(10)
    /// So long a commit may take: a disk that wakes up, or that writes something large for others, takes seconds.
    static let commitMax: Duration = .seconds(30)

    init(_ facts: Facts) {
        let found = Code.allCases.compactMap { code in
            NodeHealth.message(of: code, facts).map { Reason(code: code, message: $0) }
        }
        reasons = found
        isLive = !found.contains { $0.code.endsLife }
        isReady = found.isEmpty
    }

    /// What is said of a reason; `nil` if it is none now.
    private static func message(of code: Code, _ facts: Facts) -> String? {
        let vitals = facts.vitals
        switch code {
        case .loopStalled:
            return facts.silence < silenceMax || facts.isStopping
                ? nil
                : "The node has done nothing for \(facts.silence.components.seconds) seconds; if that lasts, restart it."
        case .writerStalled:
            return facts.commitAge < commitMax
                ? nil
                : "The disk has not finished a write for \(facts.commitAge.components.seconds) seconds; check the disk."
        case .stopping: return facts.isStopping ? "The node is stopping." : nil
        case .archiveUnwritable: return facts.archiveProblem
        case .archiveFull:
            return facts.shortage == .quota
                ? "The archive is as large as it may be, so it refuses new values; raise archive.size_limit." : nil
        case .shareFull:
            return facts.shortage == .budget
                ? "What is published here or pinned takes all of its share, so the archive refuses new values; raise "
                    + "archive.size_limit or archive.served_share, or withdraw or unpin some."
                : nil
        case .diskFull:
            return facts.shortage == .diskReserve
                ? "The disk has no room beyond what archive.disk_reserve keeps free, so the archive refuses new values; "
                    + "make room." : nil
        case .noContactsYet:
            return vitals.hasMetAnybody
                ? nil
                : "The node has no contacts yet; if that lasts, check that its peers or bootstrap servers can be reached."
        case .cutOff:
            return vitals.hasMetAnybody && vitals.goodContacts == 0
                ? "The node is cut off: none of its contacts answers any more; check this machine's network and firewall."
                : nil
        case .tableRecovering:
            return vitals.goodContacts > 0 && vitals.isTableRecovering
                ? "The node is still getting to know its neighbours, which takes a minute at most." : nil
        }
    }
}
