import Foundation
import IPv8
import Testing

/// The golden packets, made by py-ipv8 3.2.1 with fixed keys.
struct Vectors: Decodable {
    struct Key: Decodable {
        let `private`: Bytes
        let `public`: Bytes
        let mid: Bytes
        let signatureOfHello: Bytes

        enum CodingKeys: String, CodingKey {
            case `private`, `public`, mid
            case signatureOfHello = "signature_of_'hello'"
        }
    }

    struct LegacyKey: Decodable {
        let level: String
        let `private`: Bytes
        let `public`: Bytes
        let mid: Bytes
        let signatureLength: Int
        let signatureOfHello: Bytes
        let pingRequest: Bytes

        enum CodingKeys: String, CodingKey {
            case level, `private`, `public`, mid
            case signatureLength = "signature_length"
            case signatureOfHello = "signature_of_'hello'"
            case pingRequest = "ping_request"
        }
    }

    struct Value: Decodable {
        let name: String
        let data: Bytes
        let version: UInt32?
        let publicKey: Bytes?
        let serialized: Bytes
        let id: Bytes

        enum CodingKeys: String, CodingKey {
            case name, data, version, serialized, id
            case publicKey = "public_key"
        }
    }

    struct Message: Decodable, CustomTestStringConvertible {
        let name: String
        let packet: Bytes
        var testDescription: String { name }
    }

    let keys: [Key]
    let legacyKeys: [LegacyKey]
    let values: [Value]
    let messages: [Message]

    enum CodingKeys: String, CodingKey {
        case keys, values, messages
        case legacyKeys = "legacy_keys"
    }

    static let all: Vectors = {
        guard let url = Bundle.module.url(forResource: "Fixtures/ipv8-wire", withExtension: "json"),
            let json = try? Data(contentsOf: url),
            let vectors = try? JSONDecoder().decode(Vectors.self, from: json)
        else { fatalError("the golden packets cannot be read") }
        return vectors
    }()

    /// The packet of a message by its name in the fixture.
    static func packet(_ name: String) -> [UInt8] {
        guard let message = all.messages.first(where: { $0.name == name }) else {
            fatalError("no golden packet is called \(name)")
        }
        return message.packet.bytes
    }
}

/// Bytes that JSON holds as hexadecimal digits.
struct Bytes: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let bytes = Hex.decode(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not hex: \(text)"))
        }
        self.bytes = bytes
    }
}
