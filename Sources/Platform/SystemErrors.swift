internal import Glibc
package import SystemPackage

extension Errno {
    /// The error of the last system call that failed on this thread.
    package static var last: Errno { Errno(rawValue: errno) }

    /// The system's words for use within a sentence: "permission denied".
    package var reason: String {
        let words = description
        return words.prefix(1).lowercased() + words.dropFirst()
    }

    /// Makes a system call that returns -1 on failure, and repeats it when a signal interrupts it.
    @discardableResult
    package static func check<Answer: SignedInteger>(_ call: () -> Answer) throws(Errno) -> Answer {
        while true {
            let answer = call()
            if answer != -1 { return answer }
            let error = Errno.last
            if error != .interrupted { throw error }
        }
    }
}
