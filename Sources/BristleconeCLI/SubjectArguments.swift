internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import IPv8
internal import Platform

/// The arguments of commands about keys and signers: some on the command line, or a list in a file.
struct SubjectArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            """
            Keys: a text (its SHA-1 is the key) or 40 hexadecimal digits. Signers: signer: and the mid (40 hexadecimal \
            digits) or the public key.
            """, valueName: "key|signer"))
    var texts: [String] = []

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp("Read keys and signers from a file, one a line; - is standard input.", valueName: "file"))
    var list: String?

    @Flag(help: "All arguments, or lines, are signers: all of the signer's values, under any key.")
    var signer = false

    @Flag(help: "Hash texts even if they look like an address or name a file.")
    var text = false

    mutating func validate() throws {
        guard texts.isEmpty != (list == nil) else {
            throw ValidationError(
                list == nil
                    ? "Give a key or a signer, or a list of them with --from FILE."
                    : "Give keys and signers, or --from FILE, not both.")
        }
        for text in texts { _ = try subject(text, asksAboutFiles: true) }
    }

    /// The keys and signers that the arguments name. Reads the list if there is one.
    func subjects() throws -> [KeepSubject] {
        guard let list else { return try texts.map { try subject($0, asksAboutFiles: true) } }
        // A key that is the name of a file here is a coincidence in a list of many.
        return try LineList.read(list).parse { try subject(SubjectArguments.trimmed($0), asksAboutFiles: false) }
    }

    private static func trimmed(_ line: String) -> String {
        let line = line.trimmingPrefix(while: \.isWhitespace)
        return line.lastIndex { !$0.isWhitespace }.map { String(line[...$0]) } ?? ""
    }

    private func subject(_ text: String, asksAboutFiles: Bool) throws -> KeepSubject {
        if signer || text.hasPrefix(Arguments.signerMark) && !self.text { return .signer(try Arguments.signer(text)) }
        if Target(hex: text) == nil, !self.text, let doubt = Doubt(about: text, asksAboutFiles: asksAboutFiles) {
            throw ValidationError("\(doubt.sentence) If you mean the text itself, add --text.")
        }
        return .key(try Arguments.key(text))
    }
}

/// Why a text is probably not meant as one whose hash is a key.
enum Doubt: Equatable {
    case address(String)
    case comment(String)
    case list(String)
    case file(String)

    init?(about text: String, asksAboutFiles: Bool) {
        if Address(text) != nil || IPNetwork(text) != nil {
            self = .address(text)
        } else if !asksAboutFiles, text.hasPrefix("#") {
            self = .comment(text)
        } else if text == "-" || asksAboutFiles && text.hasPrefix("@") {
            self = .list(text)
        } else if asksAboutFiles, FileStatus.exists(text) {
            self = .file(text)
        } else {
            return nil
        }
    }

    var sentence: String {
        switch self {
        case .address(let text):
            "\(quoted(text)) is an address, not a key or a signer: to refuse what it sends, use bristlecone ban add."
        case .comment(let text):
            "\(quoted(text)) looks like a comment, but a list has no comments: remove the line."
        case .list(let text):
            "\(quoted(text)) is no key: to read a list, use --from FILE, or --from - for standard input."
        case .file(let text): "\(quoted(text)) is a file here: to read a list from it, use --from \(shellWord(text))."
        }
    }
}

extension Arguments {
    /// What tells a signer from a key.
    static let signerMark = "signer:"

    /// A signer: a mid, or a public key, with or without the mark.
    static func signer(_ text: String) throws -> Mid {
        let text = text.hasPrefix(signerMark) ? String(text.dropFirst(signerMark.count)) : text
        if let mid = Mid(hex: text) { return mid }
        guard let bytes = Hex.decode(text), let key = PublicKey(bytes: bytes) else {
            throw ValidationError("A signer is a mid of 40 hexadecimal digits, or a public key in hexadecimal digits.")
        }
        return key.mid
    }
}

extension [KeepSubject] {
    /// What they are, for people: the only one, or how many there are.
    func text(on terminal: Terminal) -> String {
        guard count != 1 else { return self[0].text(on: terminal) }
        let keys = count { $0.key != nil }
        let parts = [
            keys > 0 ? Words.count(keys, "key") : nil, keys < count ? Words.count(count - keys, "signer") : nil,
        ]
        return parts.compactMap { $0 }.joined(separator: " and ")
    }
}
