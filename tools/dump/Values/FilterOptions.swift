internal import Archive
internal import ArgumentParser
internal import IPv8

/// Whether values that are signed are wanted, or those that are not.
enum Signedness: String, EnumerableFlag {
    case signed, unsigned

    static func help(for value: Signedness) -> ArgumentHelp? {
        switch value {
        case .signed: "Only values that somebody signed."
        case .unsigned: "Only values that nobody signed."
        }
    }
}

/// Whether values that have expired are wanted, or those that are served.
enum Freshness: String, EnumerableFlag {
    case expired, served

    static func help(for value: Freshness) -> ArgumentHelp? {
        switch value {
        case .expired: "Only values that have expired, in the serving window or retained."
        case .served: "Only values that have not expired."
        }
    }
}

/// Which values a list is about.
struct FilterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Only keys that begin with these hexadecimal digits.", valueName: "digits"),
        transform: { text in
            guard !text.isEmpty, let keys = ValueFilter.keys(beginningWith: text) else {
                throw ValidationError("Write 1 to 40 hexadecimal digits.")
            }
            return keys
        })
    var prefix: ClosedRange<Target>?

    @Option(
        help: ArgumentHelp("Only values of this signer: the 40 digits of a mid.", valueName: "mid"),
        transform: { text in
            guard let mid = Mid(hex: text) else { throw ValidationError("A mid has 40 hexadecimal digits.") }
            return mid
        })
    var signer: Mid?

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp(
            "Only values of this class: owner, signed (by somebody else) or unsigned. Can be repeated.",
            valueName: "class"), completion: .list(EntryClass.allCases.map(\.name)),
        transform: { text in
            guard let found = EntryClass.allCases.first(where: { $0.name == text }) else {
                throw ValidationError("The class must be owner, signed or unsigned.")
            }
            return found
        })
    var classes: [EntryClass] = []

    @Flag(exclusivity: .exclusive) var signedness: Signedness?

    @Flag(exclusivity: .exclusive) var freshness: Freshness?

    @Option(
        help: ArgumentHelp("Only values first seen at this time or later: \(MomentArgument.form).", valueName: "date"))
    var since: MomentArgument?

    @Option(help: ArgumentHelp("Only values first seen before this time.", valueName: "date"))
    var until: MomentArgument?

    @Option(help: ArgumentHelp("Only values of at least this serialized size.", valueName: "bytes"))
    var minSize: Int?

    @Option(help: ArgumentHelp("Only values of at most this serialized size.", valueName: "bytes"))
    var maxSize: Int?

    @Option(
        help: ArgumentHelp("Show the state at this time, as far as the history reaches.", valueName: "date"))
    var asOf: MomentArgument?

    mutating func validate() throws {
        if let minSize, minSize < 0 { throw ValidationError("A size in bytes must be at least 0.") }
        if let maxSize, maxSize < minSize ?? 0 {
            throw ValidationError("--max-size must be at least 0, and at least --min-size.")
        }
    }

    /// The filter for the archive.
    var filter: ValueFilter {
        var filter = ValueFilter()
        if let prefix { filter.keys = prefix }
        filter.signer = signer
        if !classes.isEmpty { filter.classes = Set(classes) }
        switch signedness {
        case .signed: filter.classes.remove(.unsigned)
        case .unsigned: filter.classes.formIntersection([.unsigned])
        case nil: break
        }
        filter.isExpired = freshness.map { $0 == .expired }
        filter.since = since?.instant
        filter.until = until?.instant
        if minSize != nil || maxSize != nil { filter.byteCounts = (minSize ?? 0)...(maxSize ?? .max) }
        filter.asOf = asOf?.instant
        return filter
    }
}
