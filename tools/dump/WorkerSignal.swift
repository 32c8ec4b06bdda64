internal import Glibc

/// Why a signal ended the child that reads the archive.
enum WorkerSignal {
    /// What the signal says about the archive.
    enum Meaning: Equatable {
        /// The child looked at memory that is not there, or LMDB gave up: damaged pages lead to that.
        case damage
        /// The program stopped itself, at a mistake of its own.
        case mistake
        /// The system or somebody ended it.
        case ended
    }

    static func meaning(of signal: Int32) -> Meaning {
        switch signal {
        case SIGSEGV, SIGBUS, SIGABRT: .damage
        case SIGILL, SIGTRAP, SIGFPE: .mistake
        default: .ended
        }
    }

    /// What happened and what to do, in sentences.
    static func message(_ signal: Int32) -> String {
        let head = "The process that used the archive was ended (\(name(of: signal)))"
        return switch signal {
        case SIGSEGV, SIGBUS, SIGABRT:
            head
                + ": LMDB's own pages are damaged; see what \"bristlecone-dump verify\" says, and restore the archive from "
                + "a backup."
        case SIGILL, SIGTRAP, SIGFPE:
            head
                + ", which is a bug in this program: check with \"bristlecone-dump verify\" whether the archive is sound, "
                + "and report it."
        case SIGKILL:
            head
                + ": memory ran out, or somebody killed it. Nothing suggests damage: see what the "
                + "kernel's log says (dmesg), and repeat the command."
        case SIGXFSZ:
            head
                + ": a file reached this user's size limit. Raise it (ulimit -f), and repeat "
                + "the command."
        case SIGXCPU:
            head
                + ": it reached this user's limit of processor time. Raise the limit (ulimit -t), and repeat "
                + "the command."
        default: head + " by somebody or by the system. Nothing suggests damage: repeat the command."
        }
    }

    /// A signal as people write it.
    static func name(of signal: Int32) -> String {
        switch signal {
        case SIGSEGV: "SIGSEGV"
        case SIGBUS: "SIGBUS"
        case SIGABRT: "SIGABRT"
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGFPE: "SIGFPE"
        case SIGKILL: "SIGKILL"
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGHUP: "SIGHUP"
        case SIGQUIT: "SIGQUIT"
        case SIGXFSZ: "SIGXFSZ"
        case SIGXCPU: "SIGXCPU"
        default: "signal \(signal)"
        }
    }
}
