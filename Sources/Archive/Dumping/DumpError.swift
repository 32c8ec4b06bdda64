package import IPv8

/// Why a dump, or a proof from one, cannot be used. Nothing of it has been taken when one of these is thrown.
///
/// The description of each is the end of a sentence that begins with the dump's name.
package enum DumpError: Error, Equatable, Sendable {
    /// It does not begin like a dump.
    case notADump
    /// A newer program wrote it; what is newer: a dump's format, or a proof's.
    case newerFormat(String = "dump", found: Int, supported: Int)
    /// It is text of another encoding than UTF-8.
    case otherEncoding(String)
    /// It ends too early: in this block, at this byte.
    case cutOff(block: Int, at: Int)
    /// A block, which begins at this byte, is not as it was written.
    case damaged(block: Int, at: Int, detail: String)
    /// A line is not as it was written.
    case badLine(Int, detail: String)
    /// Lines end without the one that says how many there are.
    case unsealed(lines: Int)
    /// Something follows its end.
    case trailing(at: Int)
    case wrongSignature
    /// The node that was named has not signed it.
    case notSigned(by: Mid)
    /// It cannot be read; the system's word for it.
    case unreadable(String)
}

extension DumpError: CustomStringConvertible {
    /// The end of a sentence: what is wrong, where, and what to do.
    package var description: String {
        switch self {
        case .notADump:
            "is no dump, and no lines of JSON or CSV that \"bristlecone-dump export\" wrote: name another file."
        case .newerFormat(let what, let found, let supported):
            "has \(what) format \(found), and this program reads \(what) formats up to \(supported): use a newer program."
        case .otherEncoding(let name):
            "is \(name) text, and lines of JSON and CSV are UTF-8: save it as UTF-8."
        case .cutOff(let block, let place):
            "was cut off at byte \(place), within block \(block): fetch or export it again."
        case .damaged(let block, let place, let detail):
            "is damaged in block \(block), which begins at byte \(place) (\(detail)): fetch or export it again."
        case .badLine(let line, let detail):
            "is damaged at line \(line) (\(detail)): fetch or export it again."
        case .unsealed(let lines):
            "was cut off after line \(lines), or was put together by hand (its closing line is missing): export it again, or "
                + "take it as it is with --unsealed."
        case .trailing(let place): "goes on behind its end, at byte \(place): fetch or export it again."
        case .wrongSignature: "has a wrong signature: get it from somebody you trust."
        case .notSigned(let signer): "is not signed by \(signer): get it from somebody you trust."
        case .unreadable(let reason): "cannot be read (\(reason)): check that it exists and who owns it."
        }
    }
}
