internal import Glibc
internal import NIOCore

/// How many files, sockets included, this process may have open at once: `ulimit -n`.
///
/// SwiftNIO ends the process if it cannot have an event loop, and nothing works properly that has no file left to open.
/// So a node says beforehand what it needs, and takes in no more connections than there is room for.
package enum FileLimit {
    /// The connections of its API aside, a node has some 25 files open, three more for each event loop, and
    /// some for a short time: a backup, a lookup of names.
    static var neededByNode: Int { 48 + 3 * System.coreCount }

    /// What a program with one node can make use of.
    private static var wanted: Int { neededByNode + 2 * connectionsMax }

    /// Lifts the limit to what a node can make use of, as far as the system lets this process. For programs, to be called
    /// once at the start: a library leaves its process as it is.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let lifted = min(rlim_t(wanted), limit.rlim_max)
        guard lifted > limit.rlim_cur else { return }
        limit.rlim_cur = lifted
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many more files this process can open, up to a number that is enough.
    ///
    /// - Parameter enough: where counting stops.
    static func free(upTo enough: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return enough }
        var free = 0
        var descriptor: Int32 = 0
        while free < enough, descriptor < Int32(clamping: limit.rlim_cur) {
            if fcntl(descriptor, F_GETFD) == -1 { free += 1 }
            descriptor += 1
        }
        return free
    }

    /// Refuses to start a node that would run out of files.
    static func check() throws(NodeError) {
        let needed = neededByNode + connectionsMin
        let free = free(upTo: needed)
        guard free < needed else { return }
        throw NodeError(
            .tooFewFiles,
            "This process may open only \(free) more files and a node needs \(needed); allow it 1024: ulimit -n 1024, or "
                + "LimitNOFILE=1024 in a unit.")
    }

    private static let connectionsMin = 2

    /// More connections than this are of no use to a node.
    private static let connectionsMax = 512

    /// How many connections a node's API may serve at once: half of what is left, for each may cost a second file while
    /// it is served.
    package static var apiConnections: Int {
        let left = free(upTo: 2 * connectionsMax)
        return max(connectionsMin, min(connectionsMax, left / 2))
    }
}
