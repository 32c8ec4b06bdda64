internal import Glibc

/// The system's error number for a file that cannot be created, written or renamed.
package struct FileFault: Error, Equatable {
    /// One of the `E…` constants.
    package let code: Int32

    /// The system's words for it.
    package var reason: String { String(cString: strerror(code)) }

    package init(code: Int32) { self.code = code }

    /// Runs a call that answers -1 if it fails, again for as long as a signal interrupts it.
    @discardableResult
    static func check<Answer: SignedInteger>(_ call: () -> Answer) throws(FileFault) -> Answer {
        while true {
            let answer = call()
            if answer != -1 { return answer }
            let code = errno
            if code != EINTR { throw FileFault(code: code) }
        }
    }
}
