import IPv8
import Simulation

extension World {
    /// Adds a machine with a node, and starts it.
    func addNode(at address: Address, key: PrivateKey, peers: [Address]) {
        let storage = ModelArchive(timing: settings.timing)
        startNode(Identity(key), on: addMachine(at: address), storage: storage, peers: peers)
    }
}

extension Machine {
    /// Whether the machine's disk holds an entry, expired or not.
    func holds(_ entry: Entry, under target: Target) -> Bool {
        setup?.storage.held(under: target).contains { $0.entry == entry } ?? false
    }

    /// Whether the machine's disk holds anything under a target.
    func holdsAny(under target: Target) -> Bool { setup?.storage.held(under: target).isEmpty == false }
}
