import IPv8
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        "0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1",
        "fe80::1234:5678:9abc:def0", "1:0:0:2::3", "1:2:3:4:5:6:7:8",
    ])
    func textReadsAndWritesBack(text: String) throws {
        #expect(try #require(IPAddress(text)).description == text)
    }

    @Test func otherSpellingsReadToTheSameAddress() {
        #expect(IPAddress("2001:DB8:0:0:0:0:0:1")?.description == "2001:db8::1")
        #expect(IPAddress("::ffff:1.2.3.4") == .v6(0, 0xFFFF_0102_0304))
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "+1.2.3.4", "1.2.3.", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1.2.3", "localhost", "1:2:3:4:5:6:7:8::",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func socketAddressesHaveAPort() {
        #expect(Address("127.0.0.1:8090")?.description == "127.0.0.1:8090")
        #expect(Address("[::1]:8090")?.description == "[::1]:8090")
        for text in ["127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:8090", "[127.0.0.1]:1", "[::1]", "1.2.3.4:+1"] {
            #expect(Address(text) == nil, "\(text)")
        }
    }

    @Test func addressesHaveAnOrder() {
        let texts = ["1.2.3.4:9", "1.2.3.4:10", "1.2.3.5:1", "[::1]:5", "[::1]:6", "[1::]:1"]
        let addresses = texts.compactMap { Address($0) }
        #expect(addresses.reversed().sorted() == addresses && addresses.count == texts.count)
    }

    @Test func aMachineHasAnIPv6NetworkToItself() {
        #expect(IPAddress("2001:db8:1:2:3:4:5:6")?.site == IPAddress("2001:db8:1:2::"))
        #expect(IPAddress("1.2.3.4")?.site == IPAddress("1.2.3.4"))
    }

    @Test func rangesAreTold() throws {
        for text in ["127.0.0.1", "127.255.1.2", "::1"] { #expect(try #require(IPAddress(text)).isLoopback) }
        for text in ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fe80::1", "fd00::1"] {
            #expect(try #require(IPAddress(text)).isPrivate, "\(text)")
        }
        for text in ["172.32.0.1", "11.0.0.1", "2001:db8::1", "192.169.0.1"] {
            #expect(try !#require(IPAddress(text)).isPrivate, "\(text)")
        }
        for text in [
            "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "ff02::1", "::ffff:1.2.3.4", "::2",
        ] {
            #expect(try !#require(IPAddress(text)).isUnicast, "\(text)")
        }
        for text in ["::1", "1.2.3.4", "2001:db8::1", "64:ff9b::1.2.3.4"] {
            #expect(try #require(IPAddress(text)).isUnicast, "\(text)")
        }
        #expect(Address("1.2.3.4:0")?.isReachable == false)
        #expect(Address("1.2.3.4:1")?.isReachable == true)
    }

    @Test(arguments: [
        ("192.0.2.0/24", "192.0.2.0", "192.0.2.255"), ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"), ("::1", "::1", "::1"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"), ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func networkHasItsFirstAndItsLastAddress(text: String, first: String, last: String) throws {
        let network = try #require(IPNetwork(text))
        #expect(network.description == text)
        #expect(network.numbers.first == IPAddress(first)?.number && network.numbers.last == IPAddress(last)?.number)
        #expect(IPNetwork("\(first)/\(network.prefixLength)") == network)
        #expect(IPNetwork("\(last)/\(network.prefixLength)") == network)
    }

    @Test(arguments: [
        "", "/", "1.2.3.4/", "1.2.3.4/33", "::/129", "1.2.3.4/-1", "1.2.3.4/+1", "1.2.3/8", "1.2.3.4/8/8", "a/8",
    ])
    func whatIsNoNetworkIsRefused(text: String) { #expect(IPNetwork(text) == nil) }
}
