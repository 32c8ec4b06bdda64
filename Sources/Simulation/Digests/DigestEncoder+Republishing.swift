internal import DHTCore
internal import IPv8
internal import Maintenance

/// What goes over the boundary of the core about republishing, tasks and buckets.
extension DigestEncoder {
    mutating func add(_ due: DueKeys) {
        add(due.keys.count)
        for key in due.keys {
            add(key.target)
            add(key.deadline)
            add(key.isPinned)
        }
        add(due.total)
        add(due.kept)
        add(optional: due.nextDue)
    }

    mutating func add(_ targets: [RepublishableTarget]) {
        add(targets.count)
        for target in targets {
            add(target.target)
            add(target.values.count)
            for value in target.values {
                add(value.entry.bytes)
                add(optional: value.servedUntil)
            }
        }
    }

    mutating func add(_ intent: RefreshChange) {
        add(intent.target)
        add(intent.values.count)
        for value in intent.values {
            add(value.entry.bytes)
            add(value.servedUntil)
        }
    }

    mutating func add(_ report: RepublishResult) {
        add(report.target)
        switch report.outcome {
        case .stored: add(1)
        case .unanswered: add(2)
        case .othersCloser: add(3)
        }
        add(report.holders)
        add(optional: report.retryAt)
        add(report.sought?.answered ?? -1)
        add(report.sought?.found ?? -1)
    }

    mutating func add(_ job: JobReport) {
        add(job.name)
        add(job.due)
        add(optional: job.lastRun)
        add(job.lastResult ?? "")
    }

    mutating func add(_ bucket: BucketReport) {
        add(bucket.family == .ipv4 ? 4 : 6)
        add(bucket.prefix)
        add(bucket.contactCount)
        add(bucket.lastChanged)
    }
}
