internal import IPv8

/// A tracker that introduces newcomers to peers: a host name or an IP address, and a UDP port.
public struct BootstrapServer: Sendable, Hashable {
    /// A name to be looked up, or an IP address without brackets.
    public let host: String
    /// The UDP port.
    public let port: UInt16

    /// The public servers that the reference ships with (its `DISPERSY_BOOTSTRAPPER`), those with a name first.
    public static let reference: [BootstrapServer] = [
        BootstrapServer(named: "dispersy1.tribler.org", 6421),
        BootstrapServer(named: "dispersy1.st.tudelft.nl", 6421),
        BootstrapServer(named: "dispersy2.tribler.org", 6422),
        BootstrapServer(named: "dispersy2.st.tudelft.nl", 6422),
        BootstrapServer(named: "dispersy3.tribler.org", 6423),
        BootstrapServer(named: "dispersy3.st.tudelft.nl", 6423),
        BootstrapServer(named: "dispersy4.tribler.org", 6424),
        BootstrapServer(named: "130.161.119.206", 6421),
        BootstrapServer(named: "130.161.119.206", 6422),
        BootstrapServer(named: "131.180.27.155", 6423),
        BootstrapServer(named: "131.180.27.156", 6424),
        BootstrapServer(named: "131.180.27.161", 6427),
        BootstrapServer(named: "131.180.27.161", 6521),
        BootstrapServer(named: "131.180.27.161", 6522),
        BootstrapServer(named: "131.180.27.162", 6523),
        BootstrapServer(named: "131.180.27.162", 6524),
        BootstrapServer(named: "130.161.119.215", 6525),
        BootstrapServer(named: "130.161.119.215", 6526),
        BootstrapServer(named: "130.161.119.201", 6527),
        BootstrapServer(named: "130.161.119.201", 6528),
    ]

    private init(named host: String, _ port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension BootstrapServer: LosslessStringConvertible {
    /// Reads `tracker.example.org:6421`, `192.0.2.1:6421` or `[2001:db8::1]:6421`; `nil` for anything else.
    public init?(_ text: String) {
        if let address = Address(text) {
            guard address.isReachable else { return nil }
            self.init(named: address.host.description, address.port)
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.allSatisfy({ 48...57 ~= $0 }), let port = UInt16(parts[1]), port != 0,
            BootstrapServer.isHostName(parts[0])
        else { return nil }
        self.init(named: parts[0].lowercased(), port)
    }

    /// The form that is read.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Labels of letters, digits and hyphens with dots between them, and not just digits: `1.2.3` is a mistyped address.
    private static func isHostName(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
            } && labels.last?.contains(where: \.isLetter) == true
    }
}
