import IPv8
import Kademlia
import Testing

@Suite struct NodeIDTests {
    private static let mid = Mid(hex: "13f0b2e62ad78ca38fa71eb9274677a63fce8c35")

    /// Made by py-ipv8 3.2.1.
    @Test(arguments: [
        ("1.1.1.1", "f626d313f0b2e62ad78ca38fa71eb9274677a63f"),
        ("127.0.0.1", "44f64013f0b2e62ad78ca38fa71eb9274677a63f"),
        ("130.161.119.206", "66543213f0b2e62ad78ca38fa71eb9274677a63f"),
        ("255.255.255.255", "4d71f213f0b2e62ad78ca38fa71eb9274677a63f"),
        ("10.20.30.40", "6db02813f0b2e62ad78ca38fa71eb9274677a63f"),
        ("::1", "6522df13f0b2e62ad78ca38fa71eb9274677a63f"),
        ("2001:db8::ff00:42:8329", "a3e80e13f0b2e62ad78ca38fa71eb9274677a63f"),
        ("fe80::1234:5678:9abc:def0", "6522df13f0b2e62ad78ca38fa71eb9274677a63f"),
    ])
    func idsAreTheReferences(host: String, id: String) throws {
        let host = try #require(IPAddress(host))
        #expect(NodeID(host: host, mid: try #require(Self.mid)).description == id)
    }
}
