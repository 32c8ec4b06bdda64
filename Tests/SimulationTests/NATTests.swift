import IPv8
import Testing

@testable import Simulation

/// What comes through each kind of translation, and what does not.
@Suite struct NATTests {
    private let inside = Address(host: .v4(0xC0A8_0105), port: 8090)
    private let outside = IPAddress.v4(0x0506_0708)
    private let friend = Address(host: .v4(0x1718_191A), port: 1000)
    private let now = Instant(seconds: 1_700_000_000)

    @Test(arguments: [
        (NATKind.fullCone, true, true), (.addressRestricted, true, false), (.portRestricted, false, false),
        (.symmetric, false, false),
    ])
    func letsInWhoItsKindLetsIn(kind: NATKind, otherPort: Bool, stranger: Bool) {
        var nat = NAT(kind, inside: inside, outsideHost: outside)
        let seen = nat.translate(to: friend, at: now)
        #expect(seen.host == outside)
        #expect(nat.admits(from: friend, toPort: seen.port, at: now))
        let neighbour = Address(host: friend.host, port: 1001)
        #expect(nat.admits(from: neighbour, toPort: seen.port, at: now) == otherPort)
        let nobody = Address(host: .v4(0x1111_1111), port: 1000)
        #expect(nat.admits(from: nobody, toPort: seen.port, at: now) == stranger)
    }

    @Test func aMappingThatIsNotUsedIsForgotten() {
        var nat = NAT(.portRestricted, inside: inside, outsideHost: outside)
        let seen = nat.translate(to: friend, at: now)
        #expect(nat.admits(from: friend, toPort: seen.port, at: now + .seconds(119)))
        #expect(!nat.admits(from: friend, toPort: seen.port, at: now + .seconds(120)))
    }

    @Test func aSymmetricOneHasAPortForEachDestination() {
        var nat = NAT(.symmetric, inside: inside, outsideHost: outside)
        let first = nat.translate(to: friend, at: now)
        let second = nat.translate(to: Address(host: friend.host, port: 1001), at: now)
        #expect(first != second && nat.translate(to: friend, at: now) == first)
    }
}
