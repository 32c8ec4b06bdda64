internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import IPv8

/// The argument of the commands that are about a key or a signer.
struct SubjectArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            """
            A key: a text, which is hashed with SHA-1, or 40 hexadecimal digits. With --signer the mid of a signer (40 \
            hexadecimal digits), or his public key.
            """, valueName: "key|signer"))
    var text: String

    @Flag(help: "The argument is a signer: all his values, under whatever key.")
    var signer = false

    mutating func validate() throws { _ = try subject() }

    /// What is meant.
    func subject() throws -> KeepSubject {
        guard signer else { return .key(try Arguments.key(text)) }
        if let mid = Mid(hex: text) { return .signer(mid) }
        guard let bytes = Hex.decode(text), let key = PublicKey(bytes: bytes) else {
            throw ValidationError("A signer is a mid of 40 hexadecimal digits, or a public key in hexadecimal digits.")
        }
        return .signer(key.mid)
    }
}

extension KeepSubject {
    /// The subject for people.
    func text(on terminal: Terminal) -> String {
        switch self {
        case .key(let target): "key \(terminal.strong(terminal.digits(target)))"
        case .signer(let mid): "signer \(terminal.strong(terminal.digits(mid)))"
        }
    }
}
