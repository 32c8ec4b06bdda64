internal import Glibc

/// The lock of whoever changes a data folder, a node or a tool, against which those who only look at it hold a shared one
/// (`StoppedFolder`).
package enum ExclusiveLock {
    /// How long a look at a folder may keep who wants to change it waiting. Most take less than a second, and whoever
    /// watches an archive from a script looks again and again: a node is not to fail to start over that.
    private static let patience = Duration.seconds(5)
    private static let pause: UInt32 = 20_000

    /// Locks an open file as `flock` does, and with its results: at once, unless others only look at it, who are given
    /// time to finish.
    package static func take(_ descriptor: Int32) -> Int32 {
        let start = ContinuousClock.now
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else { return -1 }
            // It can be shared only where nobody has it alone.
            guard start.duration(to: .now) < patience, flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
                errno = EWOULDBLOCK
                return -1
            }
            flock(descriptor, LOCK_UN)
            usleep(pause)
        }
        return 0
    }
}
