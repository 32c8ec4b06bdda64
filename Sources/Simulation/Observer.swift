package import DHTCore
package import IPv8

/// Watches a world without taking part in it.
package protocol Observer: AnyObject {
    func started(_ machine: Machine, in world: World)
    /// A machine's power was cut.
    func killed(_ machine: Machine, in world: World)
    /// A datagram has left a machine.
    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World)
    /// A resident is about to get a datagram.
    func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World)
    /// A user has issued a command.
    func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World)
    /// A user's command is done.
    func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World)
    /// An operator has requested a change of an archive. The change may happen even if nobody is told.
    func asked(for change: StorageChange, on machine: Machine, in world: World)
    /// An operator has been told that a change is durable.
    func changed(_ change: StorageChange, on machine: Machine, in world: World)
    /// An archive is about to sweep.
    func sweeping(_ machine: Machine, in world: World)
    /// An archive has swept.
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
