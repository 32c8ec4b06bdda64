internal import Bristlecone
internal import Glibc
internal import Platform
internal import SystemPackage

/// The name of a node's control socket for the system, whose names for sockets may have 107 bytes at most.
///
/// A path that is longer is written through the opened folder, as `/proc/self/fd/N/control.sock`.
struct ControlSocketPath: ~Copyable, Sendable {
    /// The socket's name in the data folder.
    static let name = DataFolder.controlSocketName

    /// The folder that the socket lies in.
    let folder: OpenFolder
    /// The path to bind or connect to, valid as long as this value lives.
    let text: String

    init(in dataFolder: String) throws(Errno) {
        folder = try OpenFolder(dataFolder)
        let plain = "\(dataFolder)/\(ControlSocketPath.name)"
        text =
            plain.utf8.count <= ControlSocketPath.byteCountMax
            ? plain : "/proc/self/fd/\(folder.descriptor)/\(ControlSocketPath.name)"
    }

    /// The bytes of `sun_path` without its closing zero.
    private static let byteCountMax = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Calls with the address in the system's form.
    func withSocketAddress<Answer>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Answer) -> Answer {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
