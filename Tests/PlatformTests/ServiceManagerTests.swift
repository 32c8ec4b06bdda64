import Glibc
import Testing

@testable import Platform

@Suite struct ServiceManagerTests {
    /// A manager's socket without a place in a folder, which goes with this value.
    private struct Socket: ~Copyable {
        let name: String
        let descriptor: Int32

        init() throws {
            let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
            // Bound without a name, the system chooses one that is free.
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var length = socklen_t(MemoryLayout<sa_family_t>.size)
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let asked = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
            try #require(bound == 0 && asked == 0)
            self.descriptor = descriptor
            let count = Int(length) - MemoryLayout<sa_family_t>.size
            name = withUnsafeBytes(of: address.sun_path) { "@" + String(decoding: $0[1..<count], as: UTF8.self) }
        }

        func receive() -> String {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }

        deinit { close(descriptor) }
    }

    @Test func linesArriveInOneDatagram() throws {
        let socket = try Socket()
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": socket.name]))
        #expect(manager.watchdog == nil)
        #expect(manager.tell(["READY=1", "STATUS=All\nis\r\nwell."]))
        #expect(socket.receive() == "READY=1\nSTATUS=Alliswell.")
    }

    @Test func watchdogIsForOneProcess() {
        func watchdog(_ environment: [String: String]) -> Duration? {
            ServiceManager(
                environment: environment.merging(["NOTIFY_SOCKET": "/run/notify"]) { $1 }, processID: 7)?.watchdog
        }
        #expect(watchdog(["WATCHDOG_USEC": "2000000"]) == .seconds(2))
        #expect(watchdog(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7"]) == .seconds(2))
        #expect(watchdog(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "8"]) == nil)
        for nonsense in ["", "0", "-5", "soon"] { #expect(watchdog(["WATCHDOG_USEC": nonsense]) == nil) }
    }

    @Test(arguments: ["", "/", "@", "relative", "vsock:2:1234", "/" + String(repeating: "x", count: 107)])
    func noSocketIsNoManager(_ name: String) {
        #expect(ServiceManager(environment: ["NOTIFY_SOCKET": name]) == nil)
        #expect(ServiceManager(environment: [:]) == nil)
    }

    @Test func aSocketThatIsGoneIsNoError() throws {
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": "/nonexistent/notify"]))
        #expect(!manager.tell(["READY=1"]))
    }
}
