package import DHTCore
package import IPv8

/// Somebody who watches a world, and has no part in it.
package protocol Observer: AnyObject {
    /// A machine was started.
    func started(_ machine: Machine, in world: World)
    /// A machine's power was cut.
    func killed(_ machine: Machine, in world: World)
    /// A datagram has left a machine.
    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World)
    /// A datagram is about to be given to what runs on a machine.
    func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World)
    /// A user has asked for something.
    func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World)
    /// What a user asked for is done.
    func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World)
}

extension Observer {
    package func started(_ machine: Machine, in world: World) {}
    package func killed(_ machine: Machine, in world: World) {}
    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {}
    package func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {}
    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {}
    package func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World) {}
}
