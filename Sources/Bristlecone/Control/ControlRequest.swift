package import IPv8

/// What a program on the same machine can ask a running node for.
package enum ControlRequest: Sendable, Equatable {
    /// How the node is.
    case status
    /// Store a value in the network.
    case store(key: Target, data: [UInt8], signed: Bool)
    /// Look a key up in the network.
    case find(key: Target)
    /// Look a key up in the node's own archive.
    case findLocal(key: Target)
    /// Ask a node at an address whether it is there.
    case ping(Address)
    /// Find a peer by its identity, at the known address first.
    case connect(Mid, knownAddress: Address?)
    /// Make a backup in a new folder, an absolute path.
    case backup(folder: String)
    /// What is to be stored in the DHT again.
    case plan
    /// What is pinned.
    case pins
    /// Keep all values of a key or a signer.
    case pin(KeepSubject)
    /// Keep them like any others again.
    case unpin(KeepSubject)
    /// Stand no longer by what was published under a key.
    case withdraw(key: Target)
    /// Erase all that is kept of a key or a signer.
    case forget(KeepSubject, block: Bool)
    /// Take values of a key or a signer again that was barred.
    case unblock(KeepSubject)
}

extension ControlRequest: Codable {
    private enum CodingKeys: String, CodingKey {
        case request, key, data, signed, address, mid, folder, subject, block
    }

    private enum Kind: String, Codable {
        case status, store, find, ping, connect, backup, plan, pins, pin, unpin, withdraw, forget, unblock
        case findLocal = "find_local"
    }

    /// Reads the JSON form.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .request) {
        case .status: self = .status
        case .store:
            self = .store(
                key: try container.decode(Target.self, forKey: .key),
                data: try container.decode([UInt8].self, forKey: .data),
                signed: try container.decode(Bool.self, forKey: .signed))
        case .find: self = .find(key: try container.decode(Target.self, forKey: .key))
        case .findLocal: self = .findLocal(key: try container.decode(Target.self, forKey: .key))
        case .ping: self = .ping(try container.decode(Address.self, forKey: .address))
        case .connect:
            self = .connect(
                try container.decode(Mid.self, forKey: .mid),
                knownAddress: try container.decodeIfPresent(Address.self, forKey: .address))
        case .backup: self = .backup(folder: try container.decode(String.self, forKey: .folder))
        case .plan: self = .plan
        case .pins: self = .pins
        case .pin: self = .pin(try container.decode(KeepSubject.self, forKey: .subject))
        case .unpin: self = .unpin(try container.decode(KeepSubject.self, forKey: .subject))
        case .withdraw: self = .withdraw(key: try container.decode(Target.self, forKey: .key))
        case .forget:
            self = .forget(
                try container.decode(KeepSubject.self, forKey: .subject),
                block: try container.decode(Bool.self, forKey: .block))
        case .unblock: self = .unblock(try container.decode(KeepSubject.self, forKey: .subject))
        }
    }

    /// Writes the JSON form, such as `{"key":"…","request":"find"}`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .status: try container.encode(Kind.status, forKey: .request)
        case .store(let key, let data, let signed):
            try container.encode(Kind.store, forKey: .request)
            try container.encode(key, forKey: .key)
            try container.encode(data, forKey: .data)
            try container.encode(signed, forKey: .signed)
        case .find(let key):
            try container.encode(Kind.find, forKey: .request)
            try container.encode(key, forKey: .key)
        case .findLocal(let key):
            try container.encode(Kind.findLocal, forKey: .request)
            try container.encode(key, forKey: .key)
        case .ping(let address):
            try container.encode(Kind.ping, forKey: .request)
            try container.encode(address, forKey: .address)
        case .connect(let mid, let address):
            try container.encode(Kind.connect, forKey: .request)
            try container.encode(mid, forKey: .mid)
            try container.encode(address, forKey: .address)
        case .backup(let folder):
            try container.encode(Kind.backup, forKey: .request)
            try container.encode(folder, forKey: .folder)
        case .plan: try container.encode(Kind.plan, forKey: .request)
        case .pins: try container.encode(Kind.pins, forKey: .request)
        case .pin(let subject):
            try container.encode(Kind.pin, forKey: .request)
            try container.encode(subject, forKey: .subject)
        case .unpin(let subject):
            try container.encode(Kind.unpin, forKey: .request)
            try container.encode(subject, forKey: .subject)
        case .withdraw(let key):
            try container.encode(Kind.withdraw, forKey: .request)
            try container.encode(key, forKey: .key)
        case .forget(let subject, let block):
            try container.encode(Kind.forget, forKey: .request)
            try container.encode(subject, forKey: .subject)
            try container.encode(block, forKey: .block)
        case .unblock(let subject):
            try container.encode(Kind.unblock, forKey: .request)
            try container.encode(subject, forKey: .subject)
        }
    }
}
