internal import Glibc

/// What this process uses of the machine.
package struct ProcessUsage: Sendable {
    /// Memory that is in RAM; `nil` if the system does not tell, as without `/proc`.
    package var residentBytes: Int?
    /// Files and sockets that are open; `nil` if the system does not tell.
    package var openFiles: Int?
    /// How many there may be.
    package var openFilesMax: Int?
    /// Processor time of all threads since the start of the process.
    package var processorTime: Duration

    package static func now() -> ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        var limit = rlimit()
        let hasLimit = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return ProcessUsage(
            residentBytes: residentBytes(), openFiles: openFiles(),
            openFilesMax: hasLimit ? Int(clamping: limit.rlim_cur) : nil,
            processorTime: duration(usage.ru_utime) + duration(usage.ru_stime))
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(time.tv_sec) + .microseconds(Int64(time.tv_usec))
    }

    private static func residentBytes() -> Int? {
        // Sizes in pages: all, resident, shared.
        guard let file = try? OpenFile("/proc/self/statm", flags: O_RDONLY), let bytes = try? file.read(bytesMax: 256)
        else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func openFiles() -> Int? {
        guard let names = try? OpenFolder("/proc/self/fd").names() else { return nil }
        // Looking takes one.
        return max(0, names.count - 1)
    }
}
