internal import Glibc

/// The arguments of this program, before they are parsed.
package enum ProgramArguments {
    /// Why the arguments cannot be used, in a sentence; `nil` if they can.
    ///
    /// Swift reads them from /proc. Without it there are none, and the parser would show its help to a script that asked
    /// for something else. Swift also puts other characters in the place of bytes that are not UTF-8: two keys would
    /// become one, and another file than the one that was named would be opened.
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

    /// What the parser says, in which ends of lines and commands to a terminal that came with an argument are replaced.
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

/// Which release the programs are of.
package enum ProgramVersion {
    /// The version, as `--version` says it.
    package static let text = "0.1.0"
}
