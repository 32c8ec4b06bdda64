internal import Bristlecone
internal import HTTPTypes
internal import HummingbirdCore
internal import IPv8
internal import Synchronization

/// Where a request came in.
enum Entrance: Sendable {
    /// The socket in the data folder, by a user who may use the node.
    case controlSocket
    /// That socket, by another user, who could open it because the settings let the group read.
    case controlSocketOfOther
    case tcp
}

/// Decides which requests are let in.
///
/// A browser sends requests for whatever page it shows. So the host that a request names has to be an address or a name
/// that the operator has listed, which stops pages that let their own name point to this machine; and a request that a
/// page of another origin makes is refused.
struct Admission: Sendable {
    /// What has to be shown to write.
    var key: APIKey?
    /// Whether reading needs the key too.
    var readsNeedKey = false
    /// Names that requests may call this machine by, besides `localhost` and addresses.
    var hosts: Set<String> = []
    /// Origins whose pages may use the API, such as `https://status.example.org`.
    var origins: Set<String> = []
    /// Whether other users who can open the control socket may read.
    var groupReads = false

    /// Refuses a request for what its head says of where it comes from.
    func admit(_ request: Request, through entrance: Entrance) throws(Rejection) {
        switch entrance {
        case .controlSocket: return
        case .controlSocketOfOther:
            guard groupReads else { throw .foreignUser }
            return
        case .tcp: break
        }
        let authority = request.head.authority ?? ""
        guard isOwn(host: Admission.host(in: authority)) else { throw .foreignHost(authority) }
        if let origin = request.headers[.origin] {
            guard isOwn(origin: origin, authority) else { throw .foreignOrigin(origin) }
        } else if request.isMadeByForeignPage {
            throw .foreignOrigin("another origin")
        }
    }

    /// Refuses a request that may not do what it wants.
    func admit(_ request: Request, through entrance: Entrance, to access: Access) throws(Rejection) {
        switch entrance {
        case .controlSocket: return
        case .controlSocketOfOther:
            guard access != .write else { throw .foreignUser }
            return
        case .tcp: break
        }
        guard access == .write || access == .read && readsNeedKey else { return }
        guard let key else { throw .unauthorized }
        guard Admission.credentials(in: request.headers).contains(where: key.matches) else { throw .unauthorized }
    }

    /// Whether pages of an origin may read answers.
    func allows(origin: String) -> Bool { origins.contains(origin) }

    /// The keys that a request shows.
    private static func credentials(in headers: HTTPFields) -> [String] {
        let scheme = "bearer "
        let bearer = headers[.authorization].flatMap { value in
            value.lowercased().hasPrefix(scheme) ? String(value.dropFirst(scheme.count)) : nil
        }
        return [headers[.apiKey], bearer].compactMap { $0 }
    }

    private func isOwn(host: String) -> Bool {
        let host = host.lowercased()
        return host == "localhost" || Address("\(host):1") != nil || hosts.contains(host)
    }

    private func isOwn(origin: String, _ authority: String) -> Bool {
        origins.contains(origin) || origin == "http://\(authority)" || origin == "https://\(authority)"
    }

    /// The host without its port: `[::1]:8085` becomes `[::1]`.
    private static func host(in authority: String) -> String {
        if authority.hasPrefix("[") {
            return authority.firstIndex(of: "]").map { String(authority[...$0]) } ?? authority
        }
        return authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
            ?? ""
    }
}

/// The rules of admission that hold now.
final class Gate: Sendable {
    private let rules: Mutex<Admission>

    init(_ admission: Admission) { rules = Mutex(admission) }

    var admission: Admission { rules.withLock { $0 } }

    /// Lets the rules of these settings hold from the next request on.
    func apply(_ http: NodeSettings.HTTPSettings) {
        rules.withLock { rules in
            rules.readsNeedKey = http.readsNeedKey
            rules.hosts = Set(http.hosts.map { $0.lowercased() })
            rules.origins = Set(http.origins)
        }
    }
}

/// Why a request was not let in.
enum Rejection: Error, Equatable {
    case unauthorized
    case foreignUser
    case foreignHost(String)
    case foreignOrigin(String)

    var problem: Problem {
        switch self {
        case .unauthorized:
            Problem(
                401, "unauthorized",
                "This needs the API key, in the header X-Api-Key or as Authorization: Bearer; on the node's machine, "
                    + "\"bristlecone api-key\" shows it.")
        case .foreignUser:
            Problem(403, "not_permitted", "The node serves the user who started it, and root; run this as one of them.")
        case .foreignHost(let host):
            Problem(
                421, "foreign_host",
                "This server does not go by the name \(quoted(host)); use its address, or add the name to http.hosts.")
        case .foreignOrigin(let origin):
            Problem(
                403, "foreign_origin",
                "Pages of \(quoted(origin)) may not use this server; its operator can add the origin to http.origins.")
        }
    }

    var counted: HTTPCounters.Refusal {
        switch self {
        case .unauthorized: .unauthorized
        case .foreignUser: .foreignUser
        case .foreignHost: .foreignHost
        case .foreignOrigin: .foreignOrigin
        }
    }
}

extension Request {
    /// Whether a browser sends it for a page of another origin, as a picture for example, also if that is another port of this
    /// machine. Following a link is no such request.
    fileprivate var isMadeByForeignPage: Bool {
        let site = headers[.fetchSite]
        return (site == "cross-site" || site == "same-site") && headers[.fetchDestination] != "document"
    }
}

extension HTTPField.Name {
    fileprivate static let fetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
    fileprivate static let fetchDestination = HTTPField.Name("Sec-Fetch-Dest") ?? .origin
    static let apiKey = HTTPField.Name("X-Api-Key") ?? .authorization
}
