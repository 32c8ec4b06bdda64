internal import IPv8

/// How time passes in a world.
extension World {
    /// Lets time pass.
    ///
    /// A machine cannot affect another one faster than a datagram travels. So for the time of the fastest datagram,
    /// shards do not depend on each other; then they exchange their datagrams.
    package func run(for duration: Duration) {
        let end = now + duration
        while true {
            let next = shards.lazy.compactMap(\.nextTime).min()
            if let (plan, time) = plans.popFirst(by: min(end, next ?? end)) {
                now = max(now, time)
                plan(self)
                continue
            }
            guard let next, next <= end else { break }
            now = max(now, next)
            // With one shard, one moment after the other, because an observer may schedule an event for the next one.
            guard let crew else {
                shards[0].run(until: next + .nanoseconds(1))
                collectOutcomes(of: shards[0])
                continue
            }
            let fastest = network.conditions.delay.lowerBound
            precondition(fastest > .zero, "shards want a network in which every datagram takes some time")
            var windowEnd = min(next + fastest, end + .nanoseconds(1))
            if let planned = plans.nextTime { windowEnd = min(windowEnd, planned) }
            crew.run(until: windowEnd)
            for shard in shards {
                handOver(from: shard)
                collectOutcomes(of: shard)
            }
        }
        now = end
    }

    /// Gives a resident an input, and does what it requests.
    func act(on machine: Machine, _ body: (inout Actions) -> Void) {
        let shard = shard(of: machine)
        shard.act(on: machine, at: now, body)
        handOver(from: shard)
        collectOutcomes(of: shard)
    }

    func shard(of machine: Machine) -> Shard { shards[machine.index % shards.count] }

    private func handOver(from shard: Shard) {
        guard !shard.outbox.isEmpty else { return }
        for datagram in shard.outbox { shards[datagram.receiver % shards.count].take(datagram) }
        shard.outbox.removeAll(keepingCapacity: true)
    }

    private func collectOutcomes(of shard: Shard) {
        guard !shard.completions.isEmpty else { return }
        for (id, outcome) in shard.completions { outcomes[id] = outcome }
        shard.completions.removeAll()
    }
}
