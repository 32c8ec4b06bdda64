internal import IPv8
internal import Maintenance

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
