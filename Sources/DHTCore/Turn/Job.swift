internal import IPv8
internal import Kademlia
internal import Maintenance

/// What a node does by itself, again and again.
enum Job: Int, Hashable, Comparable, CaseIterable, Sendable {
    /// Asks for a new token secret when the newest has had its turn.
    case tokenRotation
    /// Looks for peers while there are few.
    case walk
    /// Asks contacts that have been quiet for a sign of life.
    case keepAlive
    /// Looks through parts of the key space that have not changed for long.
    case bucketRefresh
    /// Has a few nodes remember where we are.
    case ownRecord
    /// Has the contacts remembered for the next start.
    case contactSnapshot
    /// Stores values again that would otherwise be lost to the DHT.
    case republish
    /// Has the due times of the jobs remembered.
    case jobSnapshot

    /// The time from one run to the next, at most: a job may find that it is due sooner.
    var interval: Duration {
        switch self {
        case .tokenRotation: .seconds(10)
        case .walk, .ownRecord, .bucketRefresh: .seconds(5)
        case .keepAlive: Contact.quietMax
        case .contactSnapshot: .seconds(60)
        case .republish: .seconds(5)
        case .jobSnapshot: .seconds(30)
        }
    }

    /// The name that it has on the disk and for people.
    var name: String {
        switch self {
        case .tokenRotation: "token_rotation"
        case .walk: "walk"
        case .keepAlive: "contact_pings"
        case .bucketRefresh: "bucket_refresh"
        case .ownRecord: "own_record"
        case .contactSnapshot: "contact_snapshot"
        case .republish: "republish"
        case .jobSnapshot: "job_snapshot"
        }
    }

    /// What one run may use.
    var budget: String {
        switch self {
        case .tokenRotation: "one secret in 5 minutes"
        case .walk: "16 lost contacts a minute and one step in half a second, while there are few contacts"
        case .keepAlive: "one ping in 25 seconds for each quiet contact"
        case .bucketRefresh: "one lookup in 15 minutes for each unchanged bucket"
        case .ownRecord: "one lookup in 30 seconds until 4 nodes hold the record, then one in 10 minutes"
        case .contactSnapshot: "one write a second"
        case .republish: "half of what each peer accepts, and upkeep.packets_per_second in all"
        case .jobSnapshot: "one write in 30 seconds"
        }
    }

    static func < (left: Job, right: Job) -> Bool { left.rawValue < right.rawValue }
}

/// When each job last had something to do, and what that came to.
struct JobBook: Sendable {
    /// By the number of the job.
    private var last: [Note?] = Job.allCases.map { _ in nil }

    /// What a job did when it last had something to do.
    private enum Note {
        case sent(Int, at: Instant)
        case recalled(String, at: Instant)
    }

    /// Notes that a job had something to do.
    mutating func note(_ job: Job, sent messageCount: Int, at now: Instant) {
        last[job.rawValue] = .sent(messageCount, at: now)
    }

    /// Takes over what an earlier run remembered.
    mutating func recall(_ job: Job, at instant: Instant, _ result: String) {
        last[job.rawValue] = .recalled(result, at: instant)
    }

    /// When a job last had something to do, and what that came to; `nil` where it never had.
    func lastRun(of job: Job) -> (at: Instant, result: String)? {
        switch last[job.rawValue] {
        case .recalled(let result, let instant): (instant, result)
        case .sent(let count, let instant): (instant, JobBook.result(of: job, sent: count))
        case nil: nil
        }
    }

    private static func result(of job: Job, sent messageCount: Int) -> String {
        switch job {
        case .tokenRotation: "drew a secret"
        case .contactSnapshot: "saved the contacts"
        case .jobSnapshot: "saved the jobs"
        case .walk, .keepAlive, .bucketRefresh, .ownRecord, .republish:
            messageCount == 1 ? "sent 1 message" : "sent \(messageCount) messages"
        }
    }
}
