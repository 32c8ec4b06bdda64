internal import IPv8
internal import Kademlia
public import Maintenance

/// What the node does by itself, again and again.
extension Node {
    mutating func runDueJobs() {
        for job in turn.schedule.takeDue(at: turn.now) {
            turn.schedule.plan(job, at: turn.now + job.interval)
            let countBefore = turn.effects.count
            run(job)
            if job == .republish, republisher.isBusy { turn.republishSoon() }
            guard turn.effects.count > countBefore else { continue }
            let sentCount = turn.effects[countBefore...].count { if case .send = $0 { true } else { false } }
            jobs.note(job, sent: sentCount, at: turn.now)
        }
    }

    private mutating func run(_ job: Job) {
        switch job {
        case .tokenRotation: serving.rotateTokenSecret(&turn)
        case .walk: overlay.takeStep(&requests, &turn)
        case .keepAlive: overlay.pingQuietContacts(&requests, &turn)
        case .bucketRefresh: refreshBuckets()
        case .ownRecord: keepOwnRecord()
        case .contactSnapshot: overlay.saveContacts(&turn)
        case .republish: republish()
        case .jobSnapshot: turn.append(.saveJobs(jobReports))
        }
    }

    /// Looks up our own ids, so that the neighbours and we know each other, and then the buckets that have not changed for
    /// long.
    private mutating func refreshBuckets() {
        for family in turn.sockets.families {
            if let own = overlay.ownIDToSeek(in: family),
                let lookup = searches.begin(.refresh(nil), for: own, &overlay, &requests, &turn)
            {
                overlay.ownIDIsSought(in: family)
                finish(searches.advance(lookup, &overlay, &requests, &turn))
            }
            for bucket in overlay.staleBuckets(in: family, at: turn.now) {
                guard let target = overlay.randomTarget(inBucket: bucket, of: family, &turn),
                    let lookup = searches.begin(.refresh(nil), for: target, &overlay, &requests, &turn)
                else { return }
                overlay.markRefreshed(bucket, of: family, at: turn.now)
                finish(searches.advance(lookup, &overlay, &requests, &turn))
            }
        }
    }

    private mutating func keepOwnRecord() {
        guard let own = peersByKey.keepOwnRecord(&overlay, &requests, &turn),
            let lookup = searches.begin(.ownRecord, for: own, &overlay, &requests, &turn)
        else { return }
        peersByKey.holdersAreSought(at: turn.now)
        finish(searches.advance(lookup, &overlay, &requests, &turn))
    }

    // MARK: The schedule

    /// Plans every job: for when it was due in the earlier run, but no later than it may be.
    mutating func planJobs(_ remembered: [JobReport]) {
        let now = turn.now
        for job in Job.allCases {
            let report = remembered.first { $0.name == job.name }
            turn.schedule.plan(job, at: min(max(report?.due ?? now, now), now + job.interval))
            if let report, let lastRun = report.lastRun { jobs.recall(job, at: lastRun, report.lastResult ?? "") }
        }
        // Nobody is known yet, however many were when the last run ended.
        turn.schedule.plan(.walk, at: now)
        // What there is to remember has to happen first.
        for job in [Job.contactSnapshot, .jobSnapshot] { turn.schedule.plan(job, at: now + job.interval) }
    }

    /// The recurring jobs as they stand.
    public var jobReports: [JobReport] {
        Job.allCases.map { job in
            let last = jobs.lastRun(of: job)
            return JobReport(
                name: job.name, due: turn.schedule.dueTime(of: job) ?? .distantPast, lastRun: last?.at,
                lastResult: last?.result, budget: job.budget)
        }
    }
}
