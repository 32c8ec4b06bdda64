internal import Bristlecone
internal import Glibc
internal import Logging
internal import NIOCore
internal import Platform

/// Who is at the other end of a connection.
struct Caller: Sendable {
    let entrance: Entrance
    /// The user, on the control socket.
    private var user: uid_t?
    /// The address, over TCP.
    private var address: String?

    init(at channel: any Channel, through kind: Entrance.Kind) async {
        switch kind {
        case .controlSocket:
            user = await PeerUser.of(channel)
            entrance = PeerUser.mayUseNode(user) ? .controlSocket : .controlSocketOfOther
        case .tcp:
            address = channel.remoteAddress.flatMap { address in
                address.ipAddress.map { "\($0) port \(address.port ?? 0)" }
            }
            entrance = .tcp
        }
    }

    /// What the log says of it. Over TCP nobody but the key's owner can do what is logged.
    var metadata: Logger.Metadata {
        if let user { return ["user": "\(FileStatus.userName(user))", "uid": "\(user)"] }
        return ["user": "api key", "address": "\(address ?? "unknown")"]
    }
}

extension NodeAPI {
    /// Logs what an operator had the node do: one line for each action, with the operation's name and the caller.
    func audit(_ operation: String, _ text: String, by caller: Caller) {
        logger.notice("\(text)", metadata: metadata(operation, caller))
    }

    /// Logs what an operator wanted, and did not get.
    func audit(_ operation: String, failure error: any Error, by caller: Caller) {
        logger.warning("Failed: \(Problem(any: error).detail)", metadata: metadata(operation, caller))
    }

    private func metadata(_ operation: String, _ caller: Caller) -> Logger.Metadata {
        caller.metadata.merging(["audit": "\(operation)"]) { $1 }
    }
}
