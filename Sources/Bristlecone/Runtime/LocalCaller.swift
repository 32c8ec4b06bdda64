internal import IPv8
internal import NIOCore

/// Calls at every port of the local network, a little at a time: the reference listens for calls at ports that nobody
/// knows.
///
/// Confined to the event loop. Idle, or calling; a call that is asked for meanwhile is the one under way.
final class LocalCaller {
    private let socket: DatagramSocket
    private var task: RepeatedTask?
    private var port: UInt16 = 1

    private static let everybody = IPAddress.v4(0xFFFF_FFFF)
    /// Twenty bursts a second, so that a call takes five seconds: 65,535 datagrams of 29 bytes.
    private static let burstEvery: TimeAmount = .milliseconds(50)
    private static let portsInBurst = 656

    init(_ socket: DatagramSocket) { self.socket = socket }

    /// Begins to call.
    func call(on eventLoop: any EventLoop) {
        guard task == nil else { return }
        let caller = NIOLoopBound(self, eventLoop: eventLoop)
        task = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: LocalCaller.burstEvery) { task in
            if caller.value.burst() { return }
            task.cancel()
            caller.value.task = nil
        }
    }

    /// Whether there are ports left.
    private func burst() -> Bool {
        for _ in 0..<LocalCaller.portsInBurst {
            socket.send(LocalCall.bytes, to: Address(host: LocalCaller.everybody, port: port))
            port &+= 1
            guard port != 0 else {
                port = 1
                return false
            }
        }
        return true
    }

    /// Stops calling.
    func end() {
        task?.cancel()
        task = nil
    }
}
