internal import Glibc

/// The error number that a system call left behind.
struct SystemError: Error, Equatable {
    /// One of the `E…` constants.
    let code: Int32

    /// The system's words for it.
    var reason: String { SystemError.reason(of: code) }

    /// Runs a call that answers -1 where it failed, again as long as a signal interrupted it.
    @discardableResult
    static func check<Answer: SignedInteger>(_ call: () -> Answer) throws(SystemError) -> Answer {
        while true {
            let answer = call()
            if answer != -1 { return answer }
            let code = errno
            if code != EINTR { throw SystemError(code: code) }
        }
    }

    private static func reason(of code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        let words = String(cString: text)
        // The first word only: "Permission denied" becomes a part of a sentence.
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}
