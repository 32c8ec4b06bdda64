internal import Archive
internal import Glibc
internal import Platform

/// Why a data folder cannot be used. Each case's description is one sentence that says what is wrong and what to do.
package enum DataFolderError: Error, Sendable, Equatable {
    /// The path is something else than a folder.
    case notAFolder(path: String)
    /// Files cannot be created in it, or it cannot be created itself.
    case notWritable(path: String, reason: String)
    /// A file for a new key cannot be created.
    case keyNotWritten(path: String, reason: String)
    /// Another process uses it; which one, if that is known.
    case locked(path: String, processID: Int32?)
    /// Other processes read it and have not finished; their process ids, as far as they are known.
    case beingRead(path: String, processIDs: [Int32])
    /// Another folder was put in its place while it was being opened.
    case replaced(path: String)
    /// Another user could change what is in it, or has planted something there: one sentence.
    case unsafe(String)
    /// A newer version of this program has written it.
    case newerFormat(path: String, format: Int)
    /// The file that tells its format holds no number.
    case unreadableFormat(path: String)
    /// It holds files that are not ours, and no data of a node.
    case foreignFiles(path: String, example: String)
    /// The identity cannot be read.
    case unreadableKey(path: String, reason: String)
    /// The identity cannot be read, because this process, or the machine, may open no more files.
    case tooManyFiles(path: String)
    /// The identity is not a private key; what it seems to be instead.
    case notAKey(path: String, looksLike: String)
    /// The identity belongs to another user.
    case foreignKey(path: String, owner: String)
    /// Everybody on the machine may read or replace the identity.
    case exposedKey(path: String, permissions: String)
    /// The folder has been in use, and its identity is gone.
    case missingKey(path: String)
    /// The archive belongs to another identity than the one in the file.
    case otherKey(path: String, found: String, expected: String)
    /// A file is not a key in any form.
    case noKeyFile(path: String, looksLike: String)
}

extension DataFolderError: CustomStringConvertible {
    /// One sentence for whoever started the node.
    package var description: String {
        switch self {
        case .notAFolder(let path):
            "\(path) is not a folder; name another data folder."
        case .notWritable(let path, let reason):
            "The data folder \(path) cannot be written to (\(reason)); name another one, or change that."
        case .keyNotWritten(let path, let reason):
            "\(path) cannot be written (\(reason)); name another file."
        case .locked(let path, let processID):
            "Another process\(processID.map { " (pid \($0))" } ?? "") is using the data folder \(path); "
                + "stop it first, or name another folder."
        case .beingRead(let path, let processIDs):
            "The data folder \(path) is being read by \(DataFolderError.readers(processIDs)), for example "
                + "bristlecone-dump; wait until that has finished, or stop it."
        case .replaced(let path):
            "Another folder was put in the place of \(path) at this moment, as a restore does; try again."
        case .unsafe(let sentence): sentence
        case .newerFormat(let path, let format):
            "The data folder \(path) was written by a newer version of Bristlecone (format \(format), this version "
                + "knows \(DataFolder.format)); run that version or a later one."
        case .unreadableFormat(let path):
            "\(path) should hold the number of the data folder's format and does not; if this version of Bristlecone "
                + "wrote the folder, run: echo \(DataFolder.format) > \(path)"
        case .foreignFiles(let path, let example):
            "\(path) is not a node's data folder and holds other files (\(example)); name an empty or a "
                + "new folder."
        case .unreadableKey(let path, let reason):
            "The identity \(path) cannot be read (\(reason)); check who owns it, or restore it from a backup."
        case .tooManyFiles(let path):
            "The identity \(path) cannot be read, because too many files are open; close some, or allow more with "
                + "\"ulimit -n\"."
        case .notAKey(let path, let form):
            "The identity \(path) is not a private key: \(form). It has to be binary, as IPv8 writes it: LibNaCLSK: and 64 "
                + "bytes, or the DER form of a key on sect163k1, sect233k1, sect409k1 or sect571k1."
        case .foreignKey(let path, let owner):
            "The identity \(path) belongs to the user \(owner), who can read and replace it; "
                + "if it is yours, run: chown \(FileStatus.userName(geteuid())) \(path)"
        case .exposedKey(let path, let permissions):
            "Everybody on this machine can get at the identity \(path) (permissions \(permissions)); "
                + "run: chmod 600 \(path)"
        case .missingKey(let path):
            "The identity \(path) is gone, and the folder's values belong to it; restore it from a backup, or name a "
                + "new data folder to get a new identity."
        case .otherKey(let path, let found, let expected):
            "The archive in \(path) belongs to the identity \(expected), and \(path)/\(IdentityFile.name) is the key of "
                + "\(found). Put the right key back; or, if the node is to use this key from now on, run: "
                + "bristlecone key import \(path)/\(IdentityFile.name) --data \(path)"
        case .noKeyFile(let path, let form):
            "\(path) is not a private key: \(form). Give a key file of IPv8: binary, PEM, or the 64 bytes behind LibNaCLSK:."
        }
    }

    private static func readers(_ processIDs: [Int32]) -> String {
        switch processIDs.count {
        case 0: "another program"
        case 1: "another program (pid \(processIDs[0]))"
        default: "other programs (pids \(processIDs.map(String.init).joined(separator: ", ")))"
        }
    }
}
