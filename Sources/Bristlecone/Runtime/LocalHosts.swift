internal import Glibc
internal import IPv8

/// The machine's addresses in its own network, as its network devices have them.
enum LocalHosts {
    /// One for each family that has any: of those of devices that are up, one of a private network before others, since
    /// that is what is behind a NAT; never loopback or link-local.
    static func current() -> [IPAddress] {
        let all = addressesOfDevices()
        return AddressFamily.allCases.compactMap { family in
            let hosts = all.filter { $0.family == family }
            return hosts.first(where: \.isPrivate) ?? hosts.first
        }
    }

    private static func addressesOfDevices() -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0, let first = list else { return [] }
        defer { freeifaddrs(first) }
        return sequence(first: first, next: { $0.pointee.ifa_next }).compactMap { entry in
            guard entry.pointee.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.pointee.ifa_addr
            else { return nil }
            // The system has room for either family's form behind the pointer, as the family says.
            let byteCount =
                Int32(address.pointee.sa_family) == AF_INET6
                ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
            guard let host = Address(socketAddress: address, byteCount: byteCount)?.host else { return nil }
            return host.isLoopback || host.isLinkLocal ? nil : host
        }
    }
}

extension IPAddress {
    /// 169.254/16 or fe80::/10: means something on one cable only.
    fileprivate var isLinkLocal: Bool {
        switch self {
        case .v4(let address): address >> 16 == 0xA9FE
        case .v6(let high, _): high >> 54 == 0x3FA
        }
    }
}
