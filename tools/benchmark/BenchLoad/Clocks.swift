import Glibc

/// Moments and processor times in nanoseconds.
enum Clocks {
    /// Time that passes.
    static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Processor time of this program.
    static func ownCPU() -> UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    /// The clock of a process's processor time, all threads together.
    static func ofProcess(_ pid: pid_t) throws -> clockid_t {
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else {
            throw BenchError(description: "There is no process \(pid): the node has ended.")
        }
        return clock
    }

    static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Has the system wake this program when it asked for it, not up to 50 µs later.
    static func wakeOnTime() {
        guard let file = fopen("/proc/self/timerslack_ns", "w") else { return }
        fputs("1", file)
        fclose(file)
    }

    static func span(_ nanoseconds: UInt64) -> timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}

extension Double {
    /// Seconds as nanoseconds.
    var nanoseconds: UInt64 { UInt64(self * 1e9) }
}
