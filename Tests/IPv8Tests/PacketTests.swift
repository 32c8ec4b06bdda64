import IPv8
import Testing

@Suite struct PacketTests {
    static let verifier = SignatureVerifier()

    /// The key that made the signed packets.
    static func signer() throws -> PrivateKey { try PrivateKey(bytes: Vectors.all.keys[0].private.bytes) }

    @Test(arguments: Vectors.all.messages)
    func goldenPacketsDecodeAreAuthenticAndEncodeToTheSameBytes(vector: Vectors.Message) throws {
        let packet = try Packet(decoding: vector.packet.bytes)
        #expect(packet.isAuthentic(accordingTo: Self.verifier))
        #expect(Packet.encode(packet.message, signedBy: try Self.signer()) == vector.packet.bytes)
    }

    @Test(arguments: Vectors.all.messages)
    func aPacketCutAtAnyLengthIsRefused(vector: Vectors.Message) {
        for length in 0..<vector.packet.bytes.count {
            let cut = Array(vector.packet.bytes[..<length])
            #expect(!isAccepted(cut), "cut to \(length) bytes")
        }
    }

    @Test(arguments: Vectors.all.messages.filter { !$0.name.hasPrefix("puncture-request") })
    func aSignedPacketWithAnyByteChangedIsRefused(vector: Vectors.Message) {
        for position in vector.packet.bytes.indices {
            var changed = vector.packet.bytes
            changed[position] ^= 0xFF
            #expect(!isAccepted(changed), "byte \(position)")
        }
    }

    @Test(arguments: Vectors.all.messages.filter { !$0.name.hasPrefix("introduction") })
    func bytesBehindTheLastFieldAreRefused(vector: Vectors.Message) throws {
        let packet = try Packet(decoding: vector.packet.bytes)
        let payloadEnd = vector.packet.bytes.count - (packet.sender?.level.signatureByteCount ?? 0)
        let longer = vector.packet.bytes[..<payloadEnd] + [0] + vector.packet.bytes[payloadEnd...]
        #expect(throws: WireError.trailingBytes) { try Packet(decoding: Array(longer)) }
    }

    @Test func extraBytesOfIntroductionsAreKept() throws {
        guard case .introductionRequest(var request) = try message("introduction-request-new") else {
            Issue.record("not an introduction request")
            return
        }
        request.extra = [1, 2, 3]
        let packet = try Packet(
            decoding: Packet.encode(.introductionRequest(request), signedBy: try Self.signer()))
        #expect(packet.message == .introductionRequest(request))
    }

    @Test func fieldsAreReadFromTheirPlaces() throws {
        #expect(try message("ping-request") == .pingRequest(PingRequest(id: RequestID(16_909_060))))
        guard case .findRequest(let find) = try message("find-request-v6") else {
            Issue.record("not a find request")
            return
        }
        #expect(find.lan == Address("[2001:db8::5]:8095"))
        #expect(find.offset == 0 && !find.wantsNodes)
        guard case .findResponse(let found) = try message("find-response-nodes") else {
            Issue.record("not a find response")
            return
        }
        #expect(found.nodes.map(\.address) == [Address("10.0.0.2:8091"), Address("[2001:db8::2]:8092")])
        #expect(found.nodes.map(\.publicKey.bytes) == Vectors.all.keys[1...2].map(\.public.bytes))
        guard case .introductionResponse(let introduction) = try message("introduction-response-old") else {
            Issue.record("not an introduction response")
            return
        }
        #expect(introduction.introducedLAN == .none)
        #expect(introduction.introducedWAN == Address("9.8.7.6:55"))
        #expect(introduction.flags == [.speaksNewStyle, .introducedSpeaksNewStyle, .peerLimitReached])
        #expect(introduction.identifier == 513 && introduction.globalTime == 513)
    }

    @Test func everyMessageIDIsEitherKnownDeprecatedOrUnknown() {
        let ping = Vectors.packet("ping-request")
        let known: Set<UInt8> = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 231, 232, 233, 234, 245, 246, 249, 250]
        for id in UInt8.min...UInt8.max {
            var packet = ping
            packet[22] = id
            let error = refusal(of: packet)
            switch id {
            case 235...244, 247, 248, 251...255: #expect(error == .deprecatedMessage)
            case _ where known.contains(id): #expect(error != .unknownMessage && error != .deprecatedMessage)
            default: #expect(error == .unknownMessage)
            }
        }
    }

    @Test func anyByteButZeroIsTrue() throws {
        let request = Message.findRequest(
            FindRequest(id: RequestID(1), lan: .none, target: Target(hashing: "key"), wantsNodes: true))
        var packet = Packet.encode(request, signedBy: try Self.signer())
        packet[packet.count - 65] = 7
        #expect(try Packet(decoding: packet).message == request)
    }

    @Test func longDatagramsAreRefusedUnread() {
        let noise = [UInt8](repeating: 0xA5, count: 65_507)
        #expect(throws: WireError.tooLong) { try Packet(decoding: noise) }
        #expect(throws: WireError.tooLong) { try Packet(decoding: Packet.prefix + noise) }
        #expect(throws: WireError.foreignPrefix) { try Packet(decoding: Array(noise[..<1500])) }
    }

    @Test func theLargestPacketsOfTheProtocolFit() throws {
        let key = try PrivateKey(bytes: Vectors.all.legacyKeys[3].private.bytes)
        let token = Token(bits: .zero)
        let values = Array(repeating: [UInt8](repeating: 1, count: Entry.byteCountMax), count: 8)
        let response = Message.findResponse(FindResponse(id: RequestID(1), token: token, values: values))
        let packet = Packet.encode(response, signedBy: key)
        #expect(packet.count > 1500 && packet.count <= Packet.byteCountMax)
        #expect(try Packet(decoding: packet).message == response)
        let node = NodeInfo(address: Address(host: .v6(1, 2), port: 3), publicKey: key.publicKey)
        let nodes = Message.findResponse(
            FindResponse(id: RequestID(1), token: token, nodes: Array(repeating: node, count: 8)))
        #expect(Packet.encode(nodes, signedBy: key).count == 1893)
    }

    @Test func aPacketSignedByAnotherKeyIsNotAuthentic() throws {
        let request = Message.pingRequest(PingRequest(id: RequestID(1)))
        var packet = Packet.encode(request, signedBy: try Self.signer())
        let other = Vectors.all.keys[1].public.bytes
        packet.replaceSubrange(25..<25 + other.count, with: other)
        #expect(try !Packet(decoding: packet).isAuthentic(accordingTo: Self.verifier))
    }

    private func message(_ name: String) throws -> Message { try Packet(decoding: Vectors.packet(name)).message }

    private func refusal(of bytes: [UInt8]) -> WireError? {
        do throws(WireError) {
            _ = try Packet(decoding: bytes)
            return nil
        } catch {
            return error
        }
    }

    private func isAccepted(_ bytes: [UInt8]) -> Bool {
        guard let packet = try? Packet(decoding: bytes) else { return false }
        return packet.isAuthentic(accordingTo: Self.verifier)
    }
}
