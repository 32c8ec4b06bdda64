import IPv8
import Kademlia
import Testing

/// Made-up nodes. A key of zeros and a number is canonical, which is all that a table asks for.
enum Samples {
    static let start = Instant(seconds: 1_000_000)

    static func node(_ number: Int, port: UInt16 = 8090) throws -> NodeInfo {
        var key = Array("LibNaCLPK:".utf8) + [UInt8](repeating: 0, count: 64)
        key[20] = UInt8(truncatingIfNeeded: number >> 8)
        key[21] = UInt8(truncatingIfNeeded: number)
        let host = IPAddress.v4(UInt32(truncatingIfNeeded: 0x7F00_0001 + number &* 7919))
        return NodeInfo(address: Address(host: host, port: port), publicKey: try #require(PublicKey(bytes: key)))
    }

    static func contact(_ number: Int, at instant: Instant = start) throws -> Contact {
        Contact(try node(number), answeredAt: instant)
    }

    /// A table around an id, with so many nodes offered to it.
    static func table(around id: NodeID = NodeID(bits: .zero), offering count: Int) throws -> RoutingTable {
        var table = RoutingTable(ownID: id, createdAt: start)
        for number in 0..<count { table.insert(try contact(number)) }
        return table
    }
}
