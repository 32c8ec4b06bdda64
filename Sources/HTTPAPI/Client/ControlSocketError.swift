internal import Bristlecone
package import IPv8

/// Why a running node could not be talked to, or could not be made ready to be. Each case's description is one sentence.
package enum ControlSocketError: Error, Sendable, Equatable {
    /// No node is running in the data folder.
    case notRunning(dataFolder: String)
    /// A process has the data folder for itself, but nobody answers there.
    case notListening(dataFolder: String)
    /// The node is somebody else's.
    case notPermitted(dataFolder: String)
    /// Another user's process is at the control socket; nothing was sent to it.
    case foreignNode(dataFolder: String, user: String)
    /// Something else has the control socket's name.
    case notASocket(dataFolder: String)
    /// The node did not answer in time.
    case noAnswer(dataFolder: String, after: Duration)
    /// The node went away before it answered.
    case stopped(dataFolder: String)
    /// What came is no answer that this version knows.
    case unknownReply(dataFolder: String)
    /// The socket could not be made.
    case noSocket(path: String, reason: String)
    /// The file with the API key cannot be used.
    case keyUnusable(path: String, reason: String)
    /// The server cannot listen on an address.
    case cannotListen(Address, reason: String)
}

extension ControlSocketError: CustomStringConvertible {
    /// One sentence for whoever typed the command.
    package var description: String {
        switch self {
        case .notRunning(let folder):
            "No node is running in \(folder). Start one with: bristlecone run --data \(shellWord(folder))"
        case .notListening(let folder):
            "A node or a tool is using \(folder), but there is no control socket to talk to it: it is starting, ending, or has "
                + "lost its socket, which a node makes anew within a second; try again."
        case .notPermitted(let folder):
            "The node in \(folder) belongs to another user; run this as the user who started it."
        case .foreignNode(let folder, let user):
            "The control socket in \(folder) belongs to a process of the user \(user), so nothing was sent to it; check who "
                + "can write to that folder, or run this as that user."
        case .notASocket(let folder):
            "\(folder)/\(ControlSocketPath.name) is not a socket, and no node would have made it so; remove it, and a node "
                + "that runs there makes its own."
        case .noAnswer(let folder, let time):
            "The node in \(folder) did not answer within \(Int(time.seconds)) seconds; look at its log, and try again."
        case .stopped(let folder):
            "The node in \(folder) was stopped before it answered; start it and try again."
        case .unknownReply(let folder):
            "The node in \(folder) answered something that this version (\(Release.version)) does not understand; "
                + "restart it so that both are of the same version."
        case .noSocket(let path, let reason):
            "The control socket \(path) cannot be made (\(reason)); use a data folder on a local disk."
        case .keyUnusable(let path, let reason): "The API key \(path) cannot be used: \(reason)."
        case .cannotListen(let address, let reason):
            "HTTP cannot be served on \(address) (\(reason)); name another address in http.listen."
        }
    }
}
