internal import CLinux
internal import Glibc

/// How a thread fares when there is more to do than there are processors.
package enum ThreadPriority {
    /// The steps by which threads are lowered whose work may wait: beside a busy thread they get a tenth of a processor, and
    /// everything that nobody else uses.
    package static let steps: Int32 = 10
    private static let lowest: Int32 = 19
    private static let which = __priority_which_t(PRIO_PROCESS.rawValue)

    /// Lowers the calling thread. Threads that it begins from now on begin as low.
    ///
    /// On Linux each thread has a priority of its own, and lowering it takes no privilege.
    ///
    /// - Returns: whether it could be done. A filter of system calls may forbid it.
    @discardableResult package static func lower() -> Bool {
        setpriority(which, 0, min(current + steps, lowest)) == 0
    }

    /// The calling thread's, as `nice` counts it: 19 is the lowest.
    package static var current: Int32 { getpriority(which, 0) }

    /// Begins a thread of lower priority, which ends with the body.
    ///
    /// - Parameter name: shown by debuggers; 15 bytes at most.
    package static func beginLoweredThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(ThreadBody(name: name, run: body)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { argument in
                ThreadPriority.lower()
                guard let argument else { return nil }
                let body = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
                pthread_setname_np(pthread_self(), body.name)
                body.run()
                return nil
            }, argument)
        precondition(code == 0, "The system begins no more threads: error \(code).")
        pthread_detach(thread)
    }

    private final class ThreadBody: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }
    }
}
