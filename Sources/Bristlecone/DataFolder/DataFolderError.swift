/// Why a data folder cannot be used. Each case's description is one sentence that says what is wrong and what to do.
public enum DataFolderError: Error, Sendable, Equatable {
    /// The path is something else than a folder.
    case notAFolder(path: String)
    /// Files cannot be created in it, or it cannot be created itself.
    case notWritable(path: String, reason: String)
    /// Another process uses it; which one, where it said so.
    case locked(path: String, processID: Int32?)
    /// A newer version of this program has written it.
    case newerFormat(path: String, format: Int)
    /// The file that tells its format is damaged.
    case unreadableFormat(path: String)
    /// It holds files that are not ours, and no data of a node.
    case foreignFiles(path: String, example: String)
    /// The identity is not a private key, or cannot be read.
    case unreadableKey(path: String, reason: String)
    /// Everybody on the machine may read or replace the identity.
    case exposedKey(path: String, permissions: String)
    /// The folder has been in use, and its identity is gone.
    case missingKey(path: String)
}

extension DataFolderError: CustomStringConvertible {
    /// One sentence for whoever started the node.
    public var description: String {
        switch self {
        case .notAFolder(let path):
            "\(path) is not a folder; name another data folder with --data."
        case .notWritable(let path, let reason):
            "The data folder \(path) cannot be written to (\(reason)); name another one with --data, or change that."
        case .locked(let path, let processID):
            "Another process\(processID.map { " (pid \($0))" } ?? "") is using the data folder \(path); "
                + "stop it first, or name another folder with --data."
        case .newerFormat(let path, let format):
            "The data folder \(path) was written by a newer version of Bristlecone (format \(format), this version "
                + "knows \(DataFolder.format)); run that version or a later one."
        case .unreadableFormat(let path):
            "\(path) should hold a number and does not; restore it from a backup."
        case .foreignFiles(let path, let example):
            "\(path) is not a node's data folder and holds other files (\(example)); name an empty or a new folder "
                + "with --data."
        case .unreadableKey(let path, let reason):
            "The identity \(path) cannot be used (\(reason)); restore it from a backup."
        case .exposedKey(let path, let permissions):
            "Everybody on this machine can get at the identity \(path) (permissions \(permissions)); "
                + "run: chmod 600 \(path)"
        case .missingKey(let path):
            "The identity \(path) is gone, and the folder's values belong to it; restore it from a backup, or name a "
                + "new data folder with --data to get a new identity."
        }
    }
}
