internal import IPv8
internal import Kademlia

/// Writes values as bytes that depend on what they say, and on nothing else: not on names in the code, not on the order of
/// cases.
struct DigestEncoder {
    var bytes: [UInt8] = []

    mutating func add(_ number: UInt64) { withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) } }
    mutating func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }
    mutating func add(_ flag: Bool) { bytes.append(flag ? 1 : 0) }
    mutating func add(_ instant: Instant) { add(UInt64(bitPattern: instant.nanoseconds)) }

    mutating func add(optional instant: Instant?) {
        add(instant != nil)
        if let instant { add(instant) }
    }

    mutating func add(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        add(UInt64(bitPattern: seconds))
        add(UInt64(bitPattern: attoseconds))
    }

    /// With the length before the bytes, so that what follows cannot be taken for them.
    mutating func add(_ content: [UInt8]) {
        add(content.count)
        bytes.append(contentsOf: content)
    }

    mutating func add(_ text: String) { add(Array(text.utf8)) }
    mutating func add(_ target: Target) { add(target.bytes) }
    mutating func add(_ mid: Mid) { add(mid.bytes) }
    mutating func add(_ key: PublicKey) { add(key.bytes) }

    mutating func add(_ address: Address) {
        add(address.host.bytes)
        add(UInt64(address.port))
    }

    mutating func add(_ node: NodeInfo) {
        add(node.address)
        add(node.publicKey)
    }

    mutating func add(_ nodes: [NodeInfo]) {
        add(nodes.count)
        for node in nodes { add(node) }
    }

    mutating func add(_ entries: [Entry]) {
        add(entries.count)
        for entry in entries { add(entry.bytes) }
    }

    mutating func add(_ contact: Contact) {
        add(contact.id.bytes)
        add(contact.node)
        add(contact.lastResponse)
        add(optional: contact.lastQuery)
        add(optional: contact.lastPing)
        add(optional: contact.lastFailure)
        add(contact.failures)
        add(contact.roundTrip != nil)
        if let roundTrip = contact.roundTrip { add(roundTrip) }
    }

    /// The payload of a message, as it goes over the wire. Who signs it is the same for all that a node sends.
    mutating func add(_ message: Message) { add(Packet.encode(message, from: DigestEncoder.nobody) { _ in [] }) }

    private static let nobody: PublicKey = {
        guard let key = PublicKey(bytes: Array("LibNaCLPK:".utf8) + [UInt8](repeating: 0, count: 64)) else {
            preconditionFailure("64 bytes are a key")
        }
        return key
    }()
}
