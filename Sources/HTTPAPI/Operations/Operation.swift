internal import Bristlecone
package import HTTPTypes

/// Something that a program can ask a node for over HTTP: the one place that says where it is, what goes in, what comes
/// out, and who may ask. Server, client and OpenAPI description all follow from it.
///
/// `Parameters` are the placeholders of the path and the query, `Body` is the JSON of the request, `Answer` that of the
/// response. ``Nothing`` stands for none.
package struct Operation<
    Parameters: Codable & Sendable, Body: Codable & Sendable, Answer: Codable & Sendable
>: Sendable {
    package let facts: OperationFacts
    let perform: Perform
    /// What the log says of it when it is done; `nil` for what changes nothing, or is everyday traffic.
    let audited: (@Sendable (Parameters, Body, Answer) -> String)?

    /// What an operation does with the body of a request.
    enum Perform: Sendable {
        /// Reads it as JSON.
        case json(@Sendable (NodeAPI, Parameters, Body, Progress) async throws -> Answer)
        /// Takes its bytes as they come, however many there are.
        case stream(@Sendable (NodeAPI, Parameters, StreamedBody, Progress) async throws -> Answer)
    }

    /// - Parameters:
    ///   - name: its name in the OpenAPI description, such as `find_values`.
    ///   - path: with placeholders in braces, below `/api/v1`.
    ///   - summary: what it does, for people who read the description.
    ///   - patience: how long a client waits for the answer.
    ///   - audit: what the log says of it when it is done, for what an operator may want to know later.
    init(
        _ name: String, _ method: HTTPRequest.Method, _ path: String, _ summary: String, access: Access = .read,
        patience: Duration = .seconds(10),
        audit: (@Sendable (Parameters, Body, Answer) -> String)? = nil,
        perform: @escaping @Sendable (NodeAPI, Parameters, Body, Progress) async throws -> Answer
    ) {
        facts = OperationFacts(
            name: name, method: method, path: "/api/v1" + path, summary: summary, access: access, patience: patience)
        self.perform = .json(perform)
        audited = audit
    }

    /// An operation whose request has a body of any length that is not JSON.
    init(
        streaming name: String, _ path: String, _ summary: String, patience: Duration,
        audit: @escaping @Sendable (Parameters, Body, Answer) -> String,
        perform: @escaping @Sendable (NodeAPI, Parameters, StreamedBody, Progress) async throws -> Answer
    ) where Body == Nothing {
        facts = OperationFacts(
            name: name, method: .post, path: "/api/v1" + path, summary: summary, access: .write, patience: patience,
            streamsBody: true)
        self.perform = .stream(perform)
        audited = audit
    }
}

/// What is known of an operation without its types.
package struct OperationFacts: Sendable {
    package let name: String
    package let method: HTTPRequest.Method
    package let path: String
    package let summary: String
    package let access: Access
    package let patience: Duration
    /// Whether the body of the request may have any length.
    var streamsBody = false

    /// Whether it may take long, as everything does that asks other nodes.
    var isLong: Bool { patience > .seconds(10) }
}

/// Who may ask for something over TCP. On the control socket the node's user and root may do everything, and others
/// read if the settings let them.
package enum Access: String, Sendable {
    /// Anybody, unless `http.reads_need_key` is set.
    case read
    /// Who has the key.
    case write
    /// Everybody who can connect, even if reading needs the key: for files that say nothing about the node.
    case open
}

/// No parameters, no body, or nothing to answer.
package struct Nothing: Codable, Sendable, Equatable {
    package init() {}
}

/// An operation whose types are not known, as the table of all of them has it.
protocol AnyOperation: Sendable {
    var facts: OperationFacts { get }
    var schemas: OperationSchemas { get throws }
    func answer(
        _ api: NodeAPI, _ request: ReceivedRequest, _ caller: Caller, _ progress: Progress
    ) async throws -> [UInt8]
}

/// How far a long operation has come. A client that asks for JSON Lines gets each of these as a line.
package struct ProgressReport: Codable, Sendable, Equatable {
    /// What is being done, such as `copying`.
    package var step: String
    /// How much of it is done.
    package var done: Int
    /// How much there is to do; `nil` if nobody knows.
    package var total: Int?
    /// What is counted, such as `bytes`.
    package var unit: String
}

extension ProgressReport {
    init(_ progress: NetworkProgress) {
        switch progress {
        case .lookingUp(let asked, let answered):
            self.init(step: "looking up", done: answered, total: asked, unit: "answers")
        case .storing(let asked, let acknowledged):
            self.init(step: "storing", done: acknowledged, total: asked, unit: "acknowledgements")
        }
    }
}

/// Tells whoever waits for a long operation how far it has come; does nothing if nobody listens.
struct Progress: Sendable {
    let report: @Sendable (ProgressReport) -> Void

    static let unheard = Progress { _ in }
}
