internal import Glibc

/// The program's arguments before they are parsed.
package enum ProgramArguments {
    /// Why the arguments cannot be used; `nil` if they can.
    ///
    /// Swift reads them from /proc. Without it there are no arguments, and the parser would print its help to a script
    /// that wants something else. Swift also replaces bytes that are not UTF-8: two keys would become one, or the wrong
    /// file would be opened.
    package static var refusal: String? {
        guard CommandLine.argc > 0 else {
            return "The arguments cannot be read, because /proc is not mounted here: mount it with "
                + "\"mount -t proc proc /proc\", and try again."
        }
        for number in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[number] else { continue }
            let bytes = UnsafeRawBufferPointer(start: argument, count: strlen(argument))
            guard String(validating: bytes, as: UTF8.self) == nil else { continue }
            return
                "Argument \(number) is not UTF-8 text; give such a key as its 40 hex digits, such a value as hex digits "
                + "with --hex, and rename such a file."
        }
        return nil
    }

    /// The parser's message. Arguments in it lose line breaks and characters that control a terminal.
    package static func safe(_ message: String) -> String {
        var message = message
        for argument in CommandLine.arguments.dropFirst() {
            let value = argument.split(separator: "=", maxSplits: 1).last.map(String.init) ?? ""
            for text in [argument, value] where !text.isEmpty && SafeText.line(text) != text {
                message = message.replacing(text, with: SafeText.line(text))
            }
        }
        return SafeText.lines(message)
    }
}

/// The release of both programs.
package enum ProgramVersion {
    /// The version that `--version` prints.
    package static let text = "0.2.0"
}
