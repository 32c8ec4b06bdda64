internal import DHTCore
internal import IPv8

/// The events of a run.
extension WholeSystem {
    /// The time of events: all but the first twenty seconds and the last minute.
    private var busy: ClosedRange<Duration> { .seconds(20)...max(.seconds(21), plan.length - .seconds(60)) }

    // MARK: Power

    func planCrashes() {
        for _ in 0..<plan.crashes {
            world.after(world.generator.duration(in: busy)) { [weak self] _ in self?.lieInWait(attempts: 40) }
        }
    }

    /// Cuts the power of a machine in the middle of a commit, or of any machine if there is none for a while.
    private func lieInWait(attempts: Int) {
        let running = world.machines.filter { $0.host != nil }
        let committing = running.filter { $0.host?.disk.isWriting == true }
        guard
            let victim = committing.randomElement(using: &world.generator)
                ?? (attempts == 0 ? running.randomElement(using: &world.generator) : nil)
        else {
            guard attempts > 0 else { return }
            world.after(.milliseconds(25)) { [weak self] _ in self?.lieInWait(attempts: attempts - 1) }
            return
        }
        report.crashes += 1
        if !committing.isEmpty { report.crashesInCommit += 1 }
        world.kill(victim)
        // Some return immediately, some after their values have expired.
        let away = world.generator.happens(0.2) ? Duration.seconds(240) : .seconds(20)
        let isGone = world.generator.happens(0.05) && victim.index > 3
        guard !isGone else { return }
        world.after(world.generator.duration(in: .milliseconds(100)...away)) { [weak self] world in
            if victim.resident == nil, self?.gone.contains(victim.index) == false { world.boot(victim) }
        }
    }

    // MARK: Users

    func planUsers() {
        let minutes = Double(plan.length / .seconds(60))
        for _ in 0..<Int(Double(plan.publications) * minutes) {
            world.after(world.generator.duration(in: busy)) { [weak self] _ in self?.publish() }
        }
        for _ in 0..<Int(Double(plan.lookups) * minutes) {
            world.after(world.generator.duration(in: busy)) { [weak self] _ in self?.search() }
        }
        for place in leaving {
            world.after(.seconds(50)) { [weak self] _ in self?.publish(as: place) }
            world.after(.seconds(60)) { [weak self] world in
                guard let self else { return }
                world.kill(authors[place].machine)
                gone.insert(place)
                authors[place].isDone = true
            }
        }
    }

    /// Two authors publish once more and leave for good, so that values have to disappear. Their values are signed, and
    /// so tell their age.
    private var leaving: ArraySlice<Int> { authors.indices.filter { authors[$0].identity != nil }.suffix(2) }

    private func publish() { publish(as: Int.random(in: authors.indices, using: &world.generator)) }

    /// An author publishes a new value, sometimes the same value again, sometimes an earlier version.
    private func publish(as place: Int) {
        guard authors[place].machine.host != nil, !authors[place].isDone else { return }
        authors[place].publishedCount += 1
        let author = authors[place]
        guard let identity = author.identity else {
            let data = [UInt8(truncatingIfNeeded: place), UInt8(truncatingIfNeeded: author.publishedCount / 3)]
            if let entry = try? Entry(unsigned: data) { issue(entry, by: place) }
            return
        }
        let step = Int.random(in: -1...2, using: &world.generator)
        // A version is the second of signing, never in the future.
        let version = min(UInt32(clamping: world.now.seconds), author.version &+ UInt32(max(0, step)))
        authors[place].version = version
        let stale = step < 0 ? version - 1 : version
        let data = Array("\(place) \(stale)".utf8)
        if let entry = try? identity.entry(data, version: Version(stale)) { issue(entry, by: place) }
    }

    private func issue(_ entry: Entry, by place: Int) {
        let id = world.issue(.publish(authors[place].target, entry), on: authors[place].machine)
        authors[place].latest = (id, entry)
    }

    private func search() {
        let running = world.machines.filter { $0.host != nil }
        guard let author = authors.randomElement(using: &world.generator),
            let machine = running.randomElement(using: &world.generator)
        else { return }
        let id = world.issue(.find(author.target), on: machine)
        if author.publishedCount > 0, !author.isDone { lookups.insert(id) }
    }

    // MARK: Operators

    /// Pins keys whose authors do not leave. Authors withdraw their last values.
    func planOperators() {
        let dying = Set(leaving.map { authors[$0].target })
        let targets = Set(authors.map(\.target)).subtracting(dying).sorted { $0.bits < $1.bits }
        for _ in 0..<plan.pins {
            world.after(world.generator.duration(in: busy)) { world in
                let running = world.machines.filter { $0.host != nil }
                guard let target = targets.randomElement(using: &world.generator),
                    let machine = running.randomElement(using: &world.generator)
                else { return }
                world.change(.pin(target), on: machine)
            }
        }
        let withdrawing = authors.indices.filter { authors[$0].identity != nil && !leaving.contains($0) }
        for place in withdrawing.shuffled(using: &world.generator).prefix(plan.withdrawals) {
            world.after(world.generator.duration(in: busy) / 2) { [weak self] _ in
                self?.withdraw(as: place, attempts: 60)
            }
        }
    }

    /// An author whose publication is confirmed withdraws it and publishes no more.
    private func withdraw(as place: Int, attempts: Int) {
        let author = authors[place]
        if let latest = author.latest, case .published? = world.outcomes[latest.id], author.machine.host != nil {
            authors[place].isDone = true
            return world.change(.withdraw(author.target, latest.entry), on: author.machine)
        }
        guard attempts > 0 else { return }
        world.after(.seconds(2)) { [weak self] _ in self?.withdraw(as: place, attempts: attempts - 1) }
    }

    // MARK: Weather

    /// A partition, a disk that is full for a while, a disk that fails until the next reboot, a clock step.
    func planWeather() {
        world.after(world.generator.duration(in: busy)) { world in
            let apart = world.machines.filter { _ in world.generator.happens(0.4) }
            world.network.parts = Dictionary(uniqueKeysWithValues: apart.map { ($0.index, 1) })
            world.after(.seconds(30)) { $0.network.parts = [:] }
        }
        planDiskTrouble(lasting: .seconds(40)) { $0.isFull = $1 }
        planDiskTrouble(lasting: .seconds(5)) { $0.fails = $1 }
        guard hasWrongClocks else { return }
        world.after(world.generator.duration(in: busy)) { world in
            guard let machine = world.machines.randomElement(using: &world.generator) else { return }
            machine.clock.wallError += .seconds(Int.random(in: -100_000...100_000, using: &world.generator))
        }
    }

    private func planDiskTrouble(lasting: Duration, _ set: @escaping (inout DiskConditions, Bool) -> Void) {
        world.after(world.generator.duration(in: busy)) { world in
            guard let machine = world.machines.filter({ $0.host != nil }).randomElement(using: &world.generator) else {
                return
            }
            machine.host?.setDisk { set(&$0, true) }
            world.after(lasting) { _ in machine.host?.setDisk { set(&$0, false) } }
        }
    }
}
