import IPv8
import Testing

@testable import DHTCore

@Suite struct ExternalAddressTests {
    /// Somebody in a network of its own.
    private func voter(_ number: UInt32) -> IPAddress { .v4(0x2000_0000 + number << 12) }

    private func address(_ text: String) throws -> Address { try #require(Address(text)) }

    @Test func aSocketBoundToOneOutsideAddressKnowsIt() throws {
        var external = ExternalAddress(listeningOn: try address("127.1.2.3:8090"))
        #expect(external.current == Address("127.1.2.3:8090"))
        #expect(external.heard(try address("9.9.9.9:1"), from: voter(1)) == false)
    }

    @Test(arguments: ["0.0.0.0:8090", "192.168.1.5:8090"])
    func theFirstWhoTellsIsBelieved(listen: String) throws {
        var external = ExternalAddress(listeningOn: try address(listen))
        #expect(external.current == nil)
        #expect(external.heard(try address("9.9.9.9:1"), from: voter(1)) == true)
        #expect(external.current == Address("9.9.9.9:1"))
    }

    @Test func oneLiarHoweverLoudChangesNothing() throws {
        var external = ExternalAddress(listeningOn: try address("0.0.0.0:8090"))
        for number in 1...3 { _ = external.heard(try address("9.9.9.9:1"), from: voter(UInt32(number))) }
        for _ in 0..<100 { #expect(!external.heard(try address("6.6.6.6:6"), from: voter(66))) }
        #expect(external.current == Address("9.9.9.9:1"))
    }

    @Test func manyKeysOfOneNetworkHaveOneVoice() throws {
        var external = ExternalAddress(listeningOn: try address("0.0.0.0:8090"))
        for number in 1...3 { _ = external.heard(try address("9.9.9.9:1"), from: voter(UInt32(number))) }
        for host in 1...100 {
            let liar = IPAddress.v4(0x0606_0600 + UInt32(host))
            #expect(external.heard(try address("6.6.6.6:6"), from: liar) == false)
        }
        #expect(external.current == Address("9.9.9.9:1"))
    }

    @Test func aMajorityOfAtLeastThreeIsFollowed() throws {
        var external = ExternalAddress(listeningOn: try address("0.0.0.0:8090"))
        _ = external.heard(try address("9.9.9.9:1"), from: voter(1))
        #expect(external.heard(try address("7.7.7.7:7"), from: voter(2)) == false)
        #expect(external.heard(try address("7.7.7.7:7"), from: voter(3)) == false)
        #expect(external.heard(try address("7.7.7.7:7"), from: voter(4)) == true)
        #expect(external.current == Address("7.7.7.7:7"))
    }

    @Test func anotherHostIsFollowedThoughEveryPeerSeesAnotherPort() throws {
        var external = ExternalAddress(listeningOn: try address("0.0.0.0:8090"))
        for number in 1...3 { _ = external.heard(try address("9.9.9.9:\(number)"), from: voter(UInt32(number))) }
        #expect(external.current == Address("9.9.9.9:1"))
        var followed: [Bool] = []
        for number in 4...7 {
            followed.append(external.heard(try address("7.7.7.7:\(number)"), from: voter(UInt32(number))))
        }
        #expect(followed == [false, false, false, true])
        #expect(external.current?.host == IPAddress("7.7.7.7"))
    }

    @Test func thoseInOurOwnNetworkHaveNoSayOnceSomebodyOutsideHasTold() throws {
        var external = ExternalAddress(listeningOn: try address("0.0.0.0:8090"))
        let inside = (2..<12).map { IPAddress.v4(0xC0A8_0100 + UInt32($0)) }
        for voter in inside { _ = external.heard(try address("192.168.1.1:8090"), from: voter) }
        #expect(external.current == Address("192.168.1.1:8090"))
        #expect(external.heard(try address("9.9.9.9:1"), from: voter(1)) == true)
        for voter in inside { #expect(external.heard(try address("192.168.1.1:8090"), from: voter) == false) }
        // A host inside that is told to say something else has no more say.
        for voter in inside { #expect(external.heard(try address("6.6.6.6:6"), from: voter) == false) }
        #expect(external.current == Address("9.9.9.9:1"))
        for number in 2...4 { _ = external.heard(try address("7.7.7.7:7"), from: voter(UInt32(number))) }
        #expect(external.current == Address("7.7.7.7:7"))
    }

    @Test(arguments: ["127.1.1.1:8090", "192.168.1.1:8090"])
    func inANetworkWithoutAnOutsideThoseInsideTell(moved: String) throws {
        var external = ExternalAddress(listeningOn: try address("0.0.0.0:8090"))
        let voters = (1...3).map { IPAddress.v4(0x7F02_0000 + UInt32($0)) }
        #expect(external.heard(try address("127.9.9.9:8090"), from: voters[0]) == true)
        let followed = try voters.map { external.heard(try address(moved), from: $0) }
        #expect(followed == [false, false, true])
    }

    @Test func whatNobodyCanHaveIsNotBelieved() throws {
        var external = ExternalAddress(listeningOn: try address("0.0.0.0:8090"))
        #expect(external.heard(.none, from: voter(1)) == false)
        #expect(external.heard(try address("255.255.255.255:1"), from: voter(1)) == false)
    }
}
