import IPv8

/// Decodes packets and values as Bristlecone does and prints the result, for a test that compares it with the
/// reference's.
///
///     packet HEX      a datagram
///     value HEX       a serialized value
///
/// Each line on standard input gives one line of JSON on standard output: `{"refused":"…"}`, or what was read.
/// `written` is what was read, written again: as a packet of the oracle's own key.
@main
enum WireOracle {
    private static let verifier = SignatureVerifier()

    static func main() throws {
        let key = try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + [UInt8](repeating: 7, count: 64))
        while let line = readLine() {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, let bytes = Hex.decode(words[1]) else {
                print(#"{"refused":"no line of the oracle's"}"#)
                continue
            }
            print(words[0] == "value" ? describe(value: bytes) : describe(packet: bytes, key))
        }
    }

    private static func describe(packet bytes: [UInt8], _ key: PrivateKey) -> String {
        do throws(WireError) {
            let packet = try Packet(decoding: bytes)
            let again = Packet.encode(packet.message, signedBy: key)
            let all =
                [
                    ("id", .number(UInt64(packet.message.id))),
                    ("sender", packet.sender.map { .bytes($0.bytes) } ?? .null),
                    ("authentic", .truth(packet.isAuthentic(accordingTo: verifier))),
                    ("written", .bytes(again)),
                ] + fields(of: packet.message)
            return JSONValue.object(all).text
        } catch {
            return JSONValue.object([("refused", .text(error.rawValue))]).text
        }
    }

    private static func describe(value bytes: [UInt8]) -> String {
        do throws(EntryError) {
            let entry = try Entry(bytes: bytes)
            let signature = entry.signature
            return JSONValue.object([
                ("data", .bytes(Array(entry.data))), ("authentic", .truth(entry.isAuthentic(accordingTo: verifier))),
                ("version", signature.map { .number(UInt64($0.version.number)) } ?? .null),
                ("signer", signature.map { .bytes($0.signer.bytes) } ?? .null),
            ]).text
        } catch {
            return JSONValue.object([("refused", .text(error.rawValue))]).text
        }
    }

    /// The fields under the reference's names.
    private static func fields(of message: Message) -> [(String, JSONValue)] {
        switch message {
        case .pingRequest(let message): [identifier(message.id)]
        case .pingResponse(let message): [identifier(message.id)]
        case .storeResponse(let message): [identifier(message.id)]
        case .storePeerResponse(let message): [identifier(message.id)]
        case .storeRequest(let message):
            [
                identifier(message.id), ("token", .bytes(message.token.bytes)),
                ("target", .bytes(message.target.bytes)), ("values", .list(message.values.map(JSONValue.bytes))),
            ]
        case .findRequest(let message):
            [
                identifier(message.id), ("lan_address", .address(message.lan)),
                ("target", .bytes(message.target.bytes)), ("offset", .number(UInt64(message.offset))),
                ("force_nodes", .truth(message.wantsNodes)),
            ]
        case .findResponse(let message):
            [
                identifier(message.id), ("token", .bytes(message.token.bytes)),
                ("values", .list(message.values.map(JSONValue.bytes))), ("nodes", .nodes(message.nodes)),
            ]
        case .storePeerRequest(let message):
            [
                identifier(message.id), ("token", .bytes(message.token.bytes)),
                ("target", .bytes(message.target.bytes)),
            ]
        case .connectPeerRequest(let message):
            [
                identifier(message.id), ("lan_address", .address(message.lan)),
                ("target", .bytes(message.target.bytes)),
            ]
        case .connectPeerResponse(let message): [identifier(message.id), ("nodes", .nodes(message.nodes))]
        case .introductionRequest(let message): fields(of: message)
        case .introductionResponse(let message): fields(of: message)
        case .punctureRequest(let message):
            [
                ("global_time", .number(message.globalTime)), ("lan_walker_address", .address(message.walkerLAN)),
                ("wan_walker_address", .address(message.walkerWAN)),
                ("identifier", .number(UInt64(message.identifier))),
            ]
        case .puncture(let message):
            [
                ("global_time", .number(message.globalTime)), ("source_lan_address", .address(message.sourceLAN)),
                ("source_wan_address", .address(message.walkerWAN)),
                ("identifier", .number(UInt64(message.identifier))),
            ]
        }
    }

    private static func fields(of message: IntroductionRequest) -> [(String, JSONValue)] {
        [
            ("global_time", .number(message.globalTime)), ("destination_address", .address(message.destination)),
            ("source_lan_address", .address(message.sourceLAN)), ("source_wan_address", .address(message.sourceWAN)),
            ("flags", .number(UInt64(message.flags.rawValue))), ("identifier", .number(UInt64(message.identifier))),
            ("extra_bytes", .bytes(message.extra)),
        ]
    }

    private static func fields(of message: IntroductionResponse) -> [(String, JSONValue)] {
        [
            ("global_time", .number(message.globalTime)), ("destination_address", .address(message.destination)),
            ("source_lan_address", .address(message.sourceLAN)), ("source_wan_address", .address(message.sourceWAN)),
            ("lan_introduction_address", .address(message.introducedLAN)),
            ("wan_introduction_address", .address(message.introducedWAN)),
            ("flags", .number(UInt64(message.flags.rawValue))), ("identifier", .number(UInt64(message.identifier))),
            ("extra_bytes", .bytes(message.extra)),
        ]
    }

    private static func identifier(_ id: RequestID) -> (String, JSONValue) {
        ("identifier", .number(UInt64(id.number)))
    }
}

/// A minimal JSON writer; nothing here needs escapes.
enum JSONValue {
    case null
    case truth(Bool)
    case number(UInt64)
    case text(String)
    case list([JSONValue])
    case object([(String, JSONValue)])

    static func bytes(_ bytes: [UInt8]) -> JSONValue { .text(Hex.encode(bytes)) }

    static func address(_ address: Address) -> JSONValue {
        .list([.bytes(address.host.bytes), .number(UInt64(address.port))])
    }

    static func nodes(_ nodes: [NodeInfo]) -> JSONValue {
        .list(nodes.map { .list([.address($0.address), .bytes($0.publicKey.bytes)]) })
    }

    var text: String {
        switch self {
        case .null: "null"
        case .truth(let truth): truth ? "true" : "false"
        case .number(let number): String(number)
        case .text(let text): "\"\(text)\""
        case .list(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
        case .object(let fields): "{" + fields.map { "\"\($0.0)\":\($0.1.text)" }.joined(separator: ",") + "}"
        }
    }
}
