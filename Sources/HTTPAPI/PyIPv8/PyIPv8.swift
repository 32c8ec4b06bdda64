package import Bristlecone
internal import IPv8
internal import Synchronization

/// The paths of py-ipv8's REST interface, answered in its shapes: what its clients, and Tribler's, read.
///
/// `docs/rest.md` lists what differs, and why. It knows nothing of a server: a request goes in, an answer comes out.
package struct PyIPv8: Sendable {
    let node: BristleconeNode
    let drift = DriftMeter()

    package init(node: BristleconeNode) { self.node = node }

    /// The largest body of a request.
    package static let bodyBytesMax = 1 << 20

    /// What the reference's paths begin with.
    private static let prefixes: Set<String> = [
        "asyncio", "dht", "identity", "isolation", "network", "noblockdht", "overlays", "tunnel",
    ]

    /// Whether a path is one of the reference's, or would be if it had it.
    package static func owns(path: String) -> Bool {
        prefixes.contains(String(path.dropFirst().prefix { $0 != "/" }))
    }

    /// Answers a request for a path that ``owns(path:)`` names.
    package func answer(to request: PyIPv8Request) async -> PyIPv8Answer {
        do throws(PyIPv8Failure) {
            guard let (route, parameter) = PyIPv8.route(of: request.path) else {
                throw .thrown("HTTPNotFound", "Not Found")
            }
            let method = request.method == "HEAD" ? "GET" : request.method
            guard let handler = route.handlers[method] else {
                throw .thrown("HTTPMethodNotAllowed", "Method Not Allowed")
            }
            return try await handler(self)(PyIPv8Call(request: request, parameter: parameter))
        } catch {
            return error.answer
        }
    }

    /// Whether the answer may take long, because other nodes are asked.
    package static func isLong(path: String) -> Bool { route(of: path)?.route.isLong == true }

    /// Who may ask for this over TCP. Some GETs make the node do more than look something up.
    package static func access(method: String, path: String) -> Access {
        guard method == "GET" || method == "HEAD" else { return .write }
        return route(of: path)?.route.getAccess ?? .read
    }

    private static func route(of path: String) -> (route: PyIPv8Route, parameter: String)? {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(decoded)
        for route in routes {
            if let parameter = route.match(segments) { return (route, parameter) }
        }
        return nil
    }

    /// Percent-encoded bytes in place of their encoding; what is no such encoding stays.
    private static func decoded(_ segment: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = segment.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = Hex.decode(String(rest.prefix(2)) ?? ""), code.count == 1 {
                bytes.append(code[0])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A request for one of py-ipv8's paths.
package struct PyIPv8Request: Sendable {
    /// In capitals.
    package var method: String
    /// As it came, without the query.
    package var path: String
    /// The parameters of the query, decoded.
    package var query: [String: String]
    /// Reads the body, or throws that it is larger than ``PyIPv8/bodyBytesMax``.
    package var body: @Sendable () async throws(PyIPv8Failure) -> [UInt8]

    package init(
        method: String, path: String, query: [String: String] = [:],
        body: @escaping @Sendable () async throws(PyIPv8Failure) -> [UInt8] = { () async throws(PyIPv8Failure) in [] }
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }
}

/// An answer in JSON.
package struct PyIPv8Answer: Sendable {
    package var status = 200
    package var body: PythonJSON
    /// The address of the next part of a listing, for a header `Link`.
    package var next: String?

    static let success = PyIPv8Answer(body: ["success": true])
}

/// Why a request is refused, in one of the three shapes that the reference has for it.
package enum PyIPv8Failure: Error, Sendable, Equatable {
    /// Something that the reference refuses on purpose.
    case refused(status: Int, String)
    /// The same from its handlers that leave out `success`.
    case bare(status: Int, String)
    /// An exception of the reference: its class and its text.
    case thrown(String, String)

    /// The body is too large.
    package static let tooLarge = PyIPv8Failure.thrown("HTTPRequestEntityTooLarge", "Request Entity Too Large")

    /// The request came without the key that it needs.
    package static let unauthorized = PyIPv8Failure.bare(status: 401, "Unauthorized access")

    static func dht(_ message: String) -> PyIPv8Failure { .thrown("DHTError", message) }

    package var answer: PyIPv8Answer {
        switch self {
        case .refused(let status, let text):
            PyIPv8Answer(status: status, body: ["success": false, "error": .string(text)])
        case .bare(let status, let text): PyIPv8Answer(status: status, body: ["error": .string(text)])
        case .thrown(let code, let message):
            PyIPv8Answer(
                status: 500,
                body: ["success": false, "error": ["code": .string(code), "message": .string(message)]])
        }
    }
}

/// A request on its way to its handler.
struct PyIPv8Call: Sendable {
    let request: PyIPv8Request
    /// The one variable part of the path; empty if there is none.
    let parameter: String

    /// The body as JSON.
    func json() async throws(PyIPv8Failure) -> PythonJSON { try PythonJSONReader.read(try await request.body()) }
}

/// A path of the reference, and what it answers to which method.
struct PyIPv8Route: Sendable {
    /// A method of ``PyIPv8``.
    typealias Handler = @Sendable (PyIPv8) -> @Sendable (PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer

    let path: [Part]
    let handlers: [String: Handler]
    /// Whether other nodes are asked.
    let isLong: Bool
    /// Who may send a GET.
    let getAccess: Access

    enum Part: Sendable {
        case literal(String)
        /// Anything but nothing.
        case parameter
        /// Letters, digits and underscores, or nothing.
        case word
    }

    /// - Parameter path: such as `dht/values/{key}`, where `{word}` stands for a word that may be empty.
    init(
        _ path: String, isLong: Bool = false, getAccess: Access = .read, get: Handler? = nil, put: Handler? = nil,
        post: Handler? = nil
    ) {
        self.isLong = isLong
        self.getAccess = getAccess
        self.path = path.split(separator: "/").map { part in
            part == "{word}" ? .word : part.hasPrefix("{") ? .parameter : .literal(String(part))
        }
        handlers = ["GET": get, "PUT": put, "POST": post].compactMapValues { $0 }
    }

    /// The variable part of a path that this route matches; `nil` for other paths.
    func match(_ segments: [String]) -> String? {
        guard segments.count == path.count else { return nil }
        var parameter = ""
        for (part, segment) in zip(path, segments) {
            switch part {
            case .literal(let text): if text != segment { return nil }
            case .parameter:
                if segment.isEmpty { return nil }
                parameter = segment
            case .word:
                guard segment.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else { return nil }
                parameter = segment
            }
        }
        return parameter
    }
}

extension PyIPv8 {
    /// In the order in which they are tried.
    static let routes = dhtRoutes + overlayRoutes + processRoutes + tunnelRoutes

    /// Reads hexadecimal digits as Python's `unhexlify` does.
    static func unhexlify(_ text: String) throws(PyIPv8Failure) -> [UInt8] {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw .thrown("ValueError", "string argument should contain only ASCII characters")
        }
        guard text.utf8.count.isMultiple(of: 2) else { throw .thrown("Error", "Odd-length string") }
        guard let bytes = Hex.decode(text) else { throw .thrown("Error", "Non-hexadecimal digit found") }
        return bytes
    }

    /// 20 bytes: padded with zeros or cut, as the reference does when it packs a key of another length.
    static func bits(_ bytes: [UInt8]) -> Bits160 {
        let padding = [UInt8](repeating: 0, count: max(0, Bits160.byteCount - bytes.count))
        return Bits160(bytes.prefix(Bits160.byteCount) + padding) ?? .zero
    }

    /// An error of the library; the reference knows none of its causes.
    static func failure(_ error: NodeError) -> PyIPv8Failure {
        error.code == .valueTooLong ? .dht("Maximum length exceeded") : .dht(error.message)
    }

    func overlay() async throws(PyIPv8Failure) -> OverlayReport {
        do throws(NodeError) {
            return try await node.overlay()
        } catch {
            throw PyIPv8.failure(error)
        }
    }
}
