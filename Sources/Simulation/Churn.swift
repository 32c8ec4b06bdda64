internal import Glibc
internal import IPv8

/// A distribution of durations: many short ones and a few very long ones, if the shape is below 1.
package struct Weibull: Sendable {
    /// Below 1, the longer something has lasted, the longer it will last.
    package let shape: Double
    /// 63 % of the durations are shorter.
    package let scale: Duration

    package init(shape: Double, scale: Duration) {
        self.shape = shape
        self.scale = scale
    }

    /// A duration in whole seconds, so that it does not depend on the last bit of a logarithm.
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
    /// How long it stays away.
    package let downtime: Weibull

    package init(session: Weibull, downtime: Weibull) {
        self.session = session
        self.downtime = downtime
    }

    /// Measurements of KAD, a Kademlia network of home computers: half a year of crawls every five minutes. Sessions
    /// are fitted from the second crawl on; downtimes are in minutes.
    ///
    /// M. Steiner, T. En-Najjary, E. W. Biersack, Analyzing Peer Behavior in KAD, Eurecom RR-07-205, 2007; Long Term
    /// Study of Peer Behavior in the KAD DHT, IEEE/ACM Transactions on Networking 17(5), 2009.
    package static let kad = SessionLengths(
        session: Weibull(shape: 0.61511, scale: .seconds(60 * 169.5385)),
        downtime: Weibull(shape: 0.47648, scale: .seconds(60 * 413.6765)))

    /// The share of its time that a node is up.
    package var availability: Double { session.mean / (session.mean + downtime.mean) }

    /// Whether a node that has been coming and going for a long time is up, and for how long.
    package func state(using generator: inout SeededGenerator) -> (isUp: Bool, remaining: Duration) {
        var isUp = generator.happens(availability)
        // Skips whole sessions and downtimes, so that the present one is as long as those that an observer meets.
        var left = SessionLengths.past
        while true {
            let next = (isUp ? session : downtime).draw(using: &generator)
            if next > left { return (isUp, next - left) }
            left -= next
            isUp.toggle()
        }
    }

    /// Sixty mean sessions, after which the beginning no longer matters.
    private static let past: Duration = .seconds(60 * 24 * 3600)
}

/// Machines that come and go. A machine that goes loses its power; the owner of the world starts it again.
package final class Churn {
    private let lengths: SessionLengths
    private let start: (World, Machine) -> Void
    private var generator: SeededGenerator
    /// How often machines have been started, and have lost power.
    package private(set) var startCount = 0
    package private(set) var killCount = 0

    /// - Parameter start: starts the resident of a machine.
    package init(_ lengths: SessionLengths, seed: UInt64, start: @escaping (World, Machine) -> Void) {
        self.lengths = lengths
        self.start = start
        generator = SeededGenerator(seed: seed, stream: 0x6368_7572_6E)
    }

    /// Whether a machine is up at the beginning, and for how long.
    package func initialState() -> (isUp: Bool, remaining: Duration) { lengths.state(using: &generator) }

    /// Makes a machine go or come after a while, and so on.
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
