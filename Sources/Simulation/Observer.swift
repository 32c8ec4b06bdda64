package import DHTCore
package import IPv8

/// Somebody who watches a world, and has no part in it.
package protocol Observer: AnyObject {
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
    /// An operator wants something changed in an archive; it may come to pass even if nobody is told.
    func asked(for change: StorageChange, on machine: Machine, in world: World)
    /// An operator has been told that a change is durable.
    func changed(_ change: StorageChange, on machine: Machine, in world: World)
    /// An archive is about to let go of what is kept no longer.
    func sweeping(_ machine: Machine, in world: World)
    /// An archive has let go of what is kept no longer.
    func swept(_ sweep: Sweep, on machine: Machine, in world: World)
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
    package func asked(for change: StorageChange, on machine: Machine, in world: World) {}
    package func changed(_ change: StorageChange, on machine: Machine, in world: World) {}
    package func sweeping(_ machine: Machine, in world: World) {}
    package func swept(_ sweep: Sweep, on machine: Machine, in world: World) {}
}
