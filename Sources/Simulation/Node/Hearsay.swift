internal import DHTCore
internal import IPv8

/// What makes a node take whoever is named in an answer for a contact, without a change to the node: it is made to believe
/// that those who are named have asked it something, and have answered its ping.
struct Hearsay {
    private var named: [Address: PublicKey] = [:]

    /// The requests that the nodes named in an answer are made out to have sent.
    mutating func believe(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [Input] {
        guard let packet = try? Packet(decoding: bytes) else { return [] }
        let nodes: [NodeInfo]
        switch packet.message {
        case .findResponse(let response): nodes = response.nodes
        case .connectPeerResponse(let response): nodes = response.nodes
        default: return []
        }
        return nodes.map { node in
            named[node.address] = node.publicKey
            let id = RequestID(UInt32(generator.next() & UInt64(RequestID.requestMax)))
            return Hearsay.input(.pingRequest(PingRequest(id: id)), from: node)
        }
    }

    /// The answer that somebody who was named is made out to give to a ping; `nil` for everything else.
    func answer(to message: Message, at address: Address) -> Input? {
        guard let key = named[address], case .pingRequest(let ping) = message else { return nil }
        return Hearsay.input(
            .pingResponse(PingResponse(id: ping.id)), from: NodeInfo(address: address, publicKey: key))
    }

    private static func input(_ message: Message, from node: NodeInfo) -> Input {
        let key = node.publicKey
        let bytes = Packet.encode(message, from: key) { Signatures.modelled(over: $0[...], key.level) }
        return .datagramReceived(bytes, from: node.address)
    }
}
