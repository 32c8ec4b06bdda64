internal import ArgumentParser
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

extension Explanation.Kind: ExpressibleByArgument {}

/// `bristlecone-dump decode`
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Explain a packet or an entry byte by byte, and show where it breaks.",
        discussion: """
            The input is hexadecimal digits, a file of bytes or of such digits, or - for standard input. Input that \
            begins like a packet of the DHT is read as a packet, everything else as an entry; --as overrides that. The \
            exit status is 0 if a node would accept the input with a valid signature, and 1 if not.

            For example:

              bristlecone-dump decode 0068656c6c6f
              bristlecone-dump decode captured.bin
              bristlecone-dump get greeting --json ./data | jq -r '.values[0].entry' | bristlecone-dump decode -
            """)

    @Argument(help: ArgumentHelp("Hexadecimal digits, a file, or - for standard input.", valueName: "hex|file|-"))
    var input: String

    @Option(name: .customLong("as"), help: "Read the input as this.")
    var kind: Explanation.Kind?

    @OptionGroup var output: OutputOptions

    /// More than any datagram has, in digits and blanks.
    private static let inputBytesMax = 1 << 20

    mutating func run() throws {
        let bytes = try content()
        let explanation = Explanation(bytes, as: kind ?? Explanation.kind(of: bytes))
        try output.show(explanation.json) { explanation.text(on: $0) }
        if explanation.fault != nil { throw ExitCode(DumpFailure.found) }
    }

    private func content() throws(DumpFailure) -> [UInt8] {
        if input != "-", let bytes = DecodeCommand.digits(Array(input.utf8)) { return bytes }
        let path = input == "-" ? "/dev/stdin" : input
        guard let file = fopen(path, "rb") else {
            throw failure("is neither an even number of hexadecimal digits nor a readable file (\(Errno.last))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: DecodeCommand.inputBytesMax + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { throw failure("cannot be read (\(Errno.last))") }
        guard count <= DecodeCommand.inputBytesMax else { throw failure("is too long for a packet or an entry") }
        let content = Array(bytes.prefix(count))
        return DecodeCommand.digits(content) ?? content
    }

    /// What digits stand for, with blanks between them or `0x` in front of them; `nil` for anything else.
    private static func digits(_ text: [UInt8]) -> [UInt8]? {
        let blanks: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t")]
        var digits = String(decoding: text.filter { !blanks.contains($0) }, as: UTF8.self)
        if digits.hasPrefix("0x") { digits.removeFirst(2) }
        return digits.isEmpty ? nil : Hex.decode(digits)
    }

    private func failure(_ reason: String) -> DumpFailure {
        let name = input == "-" ? "Standard input" : "\"\(input)\""
        return DumpFailure(
            message: "\(name) \(reason): give a file, hexadecimal digits, or - for standard input.",
            status: DumpFailure.usage)
    }
}
