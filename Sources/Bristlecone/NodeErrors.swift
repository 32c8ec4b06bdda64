public import IPv8

/// Why a node could not be started: one sentence that says what is wrong and what to do.
public struct StartError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sentence.
    public let message: String
    /// Whether trying again later may help, as where another program has what is needed and may end.
    public let canRetry: Bool

    /// An error with a sentence of its own.
    public init(_ message: String, canRetry: Bool = false) {
        self.message = message
        self.canRetry = canRetry
    }

    /// The data folder cannot be used.
    public init(_ error: DataFolderError) {
        let canRetry =
            switch error {
            case .locked, .beingRead, .replaced: true
            default: false
            }
        self.init(error.description, canRetry: canRetry)
    }

    /// Somebody else listens there already.
    public static func addressInUse(_ address: Address) -> StartError {
        StartError(
            "\(address) is in use by another program; stop it, or choose another port with --listen "
                + "\(address.family == .ipv6 ? "[\(address.host)]" : "\(address.host)"):PORT.",
            canRetry: true)
    }

    /// The sentence.
    public var description: String { message }
}

/// Why a running node could not do what it was asked for.
public struct NodeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence that says what is wrong and what to do.
    public let message: String
    /// Whether trying again later may help.
    public let canRetry: Bool

    /// An error with a sentence.
    public init(_ message: String, canRetry: Bool) {
        self.message = message
        self.canRetry = canRetry
    }

    /// The sentence.
    public var description: String { message }
}
