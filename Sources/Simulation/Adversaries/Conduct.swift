internal import IPv8

/// How an ``Impostor`` behaves.
struct Conduct {
    /// Whom it names when it is asked for nodes.
    var names: (Target) -> [NodeInfo] = { _ in [] }
    /// What it answers with when it is asked for values.
    var values: (Target) -> [[UInt8]] = { _ in [] }
    /// Whom it introduces.
    var introduces: [Address] = []
    /// How long it takes to answer a ping, and a find.
    var pingDelay = Duration.zero
    var findDelay = Duration.zero
    /// Whom it makes itself known to, again and again.
    var meets: [Address] = []
    /// How often.
    var meetInterval = Duration.seconds(20)

    /// Names those of a gang that are closest, and introduces them.
    static func colluding(with gang: Gang, meeting meets: [Address]) -> Conduct {
        Conduct(
            names: { gang.closest(to: $0) }, introduces: gang.members.prefix(64).map(\.node.address), meets: meets)
    }
}
