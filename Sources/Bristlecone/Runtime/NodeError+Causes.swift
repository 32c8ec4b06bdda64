internal import Archive
internal import DHTCore
internal import Glibc
internal import IPv8
internal import NIOCore

/// The errors of a node's parts, as errors of the library.

extension NodeError {
    static let notRunning = NodeError(.notRunning, "The node is stopping; start it again and repeat.")

    /// The last version of a signer under a key is the highest there is.
    static let noHigherVersion = NodeError(
        .versionsExhausted,
        "The last value of this signer under this key has version \(UInt32.max), the highest there is, so nothing can "
            + "replace it: use another key.")

    /// A socket could not be bound.
    init(listeningOn address: Address, failed error: any Error) {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            self.init(
                .addressInUse, "\(address) is in use by another program; stop it, or listen on another port.")
        case EADDRNOTAVAIL:
            self.init(
                .addressUnavailable,
                "This machine does not have the address \(address.host); listen on one of its own.")
        case EACCES:
            self.init(
                .addressUnavailable, "Port \(address.port) is reserved for the system; listen on one above 1023.")
        case EAFNOSUPPORT:
            self.init(
                .addressUnavailable,
                "This machine does not support \(address.family.rawValue); do not listen on \(address).")
        default:
            self.init(
                .addressUnavailable, "The node cannot listen on \(address): \(error); listen on another address.")
        }
    }

    init(_ error: DataFolderError) {
        switch error {
        case .locked, .beingRead, .replaced: self.init(.dataFolderInUse, error.description)
        case .notAFolder, .notWritable, .keyNotWritten, .unsafe, .newerFormat, .unreadableFormat, .foreignFiles,
            .unreadableKey,
            .tooManyFiles, .notAKey, .foreignKey, .exposedKey, .missingKey, .otherKey, .noKeyFile:
            self.init(.dataFolderUnusable, error.description)
        }
    }

    init(_ error: ArchiveError) {
        switch error {
        case .refused(let refusal): self.init(refusal)
        case .diskFull: self.init(.diskFull, error.description)
        case .mapFull: self.init(.archiveFull, error.description)
        case .closed: self = .notRunning
        case .tooFarBehind, .aheadOfArchive, .otherChange: self.init(.changesUnavailable, error.description)
        case .inUse, .beingRead: self.init(.dataFolderInUse, error.description)
        default: self.init(.archiveFailed, error.description)
        }
    }

    init(_ refusal: Refusal) {
        switch refusal {
        case .blocked: self.init(.blocked, "You have blocked this key or signer; unblock it first.")
        case .diskReserve: self.init(.diskFull, refusal.description)
        case .quota, .budget, .targetQuota, .tooMany: self.init(.archiveFull, refusal.description)
        }
    }

    init(_ error: BackupError) {
        switch error {
        case .nodeStopped: self = .notRunning
        case .alreadyThere, .insideKeptFolder, .inTheWay, .reservedName: self.init(.invalidArgument, error.description)
        case .unfinished, .unfinishedRestore: self.init(.busy, error.description)
        default: self.init(.backupFailed, error.description)
        }
    }

    /// The archive would not take a value.
    init(_ outcome: CommitOutcome) {
        switch outcome {
        case .refused:
            self.init(
                .archiveFull,
                "The archive takes no more values here: archive.size_limit, archive.served_share, archive.disk_reserve or, for "
                    + "this key, archive.values_per_key is reached.")
        case .superseded:
            self.init(
                .superseded,
                "A later version of this value came in at the same moment, so this one was not stored; store it again if "
                    + "it is to replace that one.")
        case .failed, .held:
            self.init(.archiveFailed, "The archive could not write the value; the node's log says why.")
        }
    }

    /// A command did not come to an end of its own.
    init(unfinished outcome: CommandOutcome?) {
        switch outcome {
        case .unreachable?:
            self.init(.unreachable, "This node has no socket that reaches that address; listen on one of its family.")
        case nil where Task.isCancelled:
            self.init(
                .cancelled, "This was cancelled before it was done; what has been sent is not taken back.")
        case nil: self = .notRunning
        default: self.init(.busy, "The node has too much to do at the moment; try again in a few seconds.")
        }
    }
}
