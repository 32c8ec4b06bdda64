/// Why a node could not be started, or could not do what it was asked for.
///
///     do {
///         try await node.storeValue(key: key, data: data, signed: true)
///     } catch {
///         switch error.code {
///         case .valueTooLong: …
///         case .diskFull, .archiveFull: …
///         default: print(error.message)
///         }
///     }
public struct NodeError: Error, Sendable, Hashable {
    /// What went wrong, to switch over.
    public let code: Code
    /// One sentence for a person: what went wrong, with the value, and what to do.
    public let message: String

    /// An error with a code and a sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether trying again later may help.
    public var canRetry: Bool { Code.passing.contains(code) }
}

extension NodeError: CustomStringConvertible {
    /// The sentence.
    public var description: String { message }
}

extension NodeError {
    /// What went wrong. Later versions may have more codes, so a switch needs a default.
    public struct Code: RawRepresentable, Sendable, Hashable, Codable {
        /// The code's name, such as `value_too_long`.
        public let rawValue: String

        /// The code of a name.
        public init(rawValue: String) { self.rawValue = rawValue }

        // Starting

        /// Another program listens on the address.
        public static let addressInUse = Code(rawValue: "address_in_use")
        /// This machine cannot listen on the address.
        public static let addressUnavailable = Code(rawValue: "address_unavailable")
        /// Another process is using the data folder.
        public static let dataFolderInUse = Code(rawValue: "data_folder_in_use")
        /// The data folder cannot be used.
        public static let dataFolderUnusable = Code(rawValue: "data_folder_unusable")
        /// The machine's clock is certainly wrong.
        public static let clockWrong = Code(rawValue: "clock_wrong")
        /// The process may open too few files.
        public static let tooFewFiles = Code(rawValue: "too_few_files")

        // The network

        /// Nobody answered in time.
        public static let nobodyAnswered = Code(rawValue: "nobody_answered")
        /// The node has no socket that reaches the address.
        public static let unreachable = Code(rawValue: "unreachable")

        // Values and the archive

        /// The value does not fit into a packet.
        public static let valueTooLong = Code(rawValue: "value_too_long")
        /// A later version of the value came in at the same moment.
        public static let superseded = Code(rawValue: "superseded")
        /// The signer has used up its versions under this key.
        public static let versionsExhausted = Code(rawValue: "versions_exhausted")
        /// The operator has blocked the key or the signer.
        public static let blocked = Code(rawValue: "blocked")
        /// The archive is as large as it may be, or the key has as many values.
        public static let archiveFull = Code(rawValue: "archive_full")
        /// The disk has no room.
        public static let diskFull = Code(rawValue: "disk_full")
        /// The archive could not be read or written.
        public static let archiveFailed = Code(rawValue: "archive_failed")
        /// The changes that were asked for are no longer in the archive's journal, or not in it yet.
        public static let changesUnavailable = Code(rawValue: "changes_unavailable")
        /// The dump is damaged or incomplete, or the file is not a dump. Nothing was imported.
        public static let dumpUnusable = Code(rawValue: "dump_unusable")
        /// The increment does not begin where this archive ends, or is too long to apply at once. Nothing was imported.
        public static let incrementRefused = Code(rawValue: "increment_refused")
        /// The backup could not be written.
        public static let backupFailed = Code(rawValue: "backup_failed")

        /// The configuration is wrong, so nothing was changed.
        public static let configurationWrong = Code(rawValue: "configuration_wrong")

        // Anything

        /// The node does not serve this user.
        public static let notPermitted = Code(rawValue: "not_permitted")
        /// There is nothing of that name.
        public static let notFound = Code(rawValue: "not_found")
        /// An argument makes no sense.
        public static let invalidArgument = Code(rawValue: "invalid_argument")
        /// The node has too much to do at the moment.
        public static let busy = Code(rawValue: "busy")
        /// The task was cancelled.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The node is stopping, or has been stopped.
        public static let notRunning = Code(rawValue: "not_running")

        /// What may have passed when somebody tries again.
        fileprivate static let passing: Set<Code> = [
            .addressInUse, .dataFolderInUse, .nobodyAnswered, .superseded, .archiveFull, .diskFull, .busy, .cancelled,
            .notRunning,
        ]
    }
}
