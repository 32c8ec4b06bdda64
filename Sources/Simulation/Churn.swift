internal import Glibc
internal import IPv8

/// A distribution of durations: many short ones and a few very long ones, where the shape is below 1.
package struct Weibull: Sendable {
    /// Below 1, the longer something has lasted the longer it will.
    package let shape: Double
    /// What 63 % of the durations are shorter than.
    package let scale: Duration

    package init(shape: Double, scale: Duration) {
        self.shape = shape
        self.scale = scale
    }

    /// A duration of this distribution in whole seconds, so that it does not hang on the last bit of a logarithm.
    package func draw(using generator: inout SeededGenerator) -> Duration {
        let seconds = Double(scale.inNanoseconds) / 1e9 * pow(-log(1 - generator.fraction()), 1 / shape)
        return .seconds(Int64(seconds.rounded(.up)))
    }

    package var mean: Duration { .nanoseconds(Int64(Double(scale.inNanoseconds) * tgamma(1 + 1 / shape))) }
}

/// How long nodes stay, and how long they stay away.
package struct SessionLengths: Sendable {
    /// How long a node stays.
    package let session: Weibull
    /// How long it then is away.
    package let downtime: Weibull

    package init(session: Weibull, downtime: Weibull) {
        self.session = session
        self.downtime = downtime
    }

    /// What was measured in KAD, a Kademlia network of home computers: half a year of crawls every five minutes, the fit for
    /// the sessions from the second crawl on, and for the times between sessions, in minutes.
    ///
    /// M. Steiner, T. En-Najjary, E. W. Biersack, Analyzing Peer Behavior in KAD, Eurecom RR-07-205, 2007; Long Term Study
    /// of Peer Behavior in the KAD DHT, IEEE/ACM Transactions on Networking 17(5), 2009.
    package static let kad = SessionLengths(
        session: Weibull(shape: 0.61511, scale: .seconds(60 * 169.5385)),
        downtime: Weibull(shape: 0.47648, scale: .seconds(60 * 413.6765)))

    /// The share of its time that a node is there.
    package var availability: Double { session.mean / (session.mean + downtime.mean) }

    /// Whether a node that has been coming and going for a long time is there at a moment, and how long that stays so.
    package func state(using generator: inout SeededGenerator) -> (isUp: Bool, remaining: Duration) {
        var isUp = generator.happens(availability)
        // Whole sessions and downtimes are let pass, so that the one under way is as long as those one comes upon are.
        var left = SessionLengths.past
        while true {
            let next = (isUp ? session : downtime).draw(using: &generator)
            if next > left { return (isUp, next - left) }
            left -= next
            isUp.toggle()
        }
    }

    /// Sixty mean sessions, after which nothing is left of how it began.
    private static let past: Duration = .seconds(60 * 24 * 3600)
}

/// Machines that come and go. Who goes loses its power; who comes is started by whoever set it up.
package final class Churn {
    private let lengths: SessionLengths
    private let start: (World, Machine) -> Void
    private var generator: SeededGenerator
    /// How often a machine has been started, and its power been cut.
    package private(set) var startCount = 0
    package private(set) var killCount = 0

    /// Churn by these lengths.
    ///
    /// - Parameter start: starts what runs on a machine.
    package init(_ lengths: SessionLengths, seed: UInt64, start: @escaping (World, Machine) -> Void) {
        self.lengths = lengths
        self.start = start
        generator = SeededGenerator(seed: seed, stream: 0x6368_7572_6E)
    }

    /// Whether a machine is to be there at the beginning, and for how long that holds.
    package func initialState() -> (isUp: Bool, remaining: Duration) { lengths.state(using: &generator) }

    /// Has a machine go, or come, after a while; and come, or go, after that.
    package func change(_ machine: Machine, isUp: Bool, after remaining: Duration, in world: World) {
        world.after(remaining) { [self] world in
            if isUp {
                killCount += 1
                world.kill(machine)
            } else {
                startCount += 1
                start(world, machine)
            }
            let next = (isUp ? lengths.downtime : lengths.session).draw(using: &generator)
            change(machine, isUp: !isUp, after: next, in: world)
        }
    }
}
