internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import Glibc
internal import HTTPAPI
internal import IPv8

/// `bristlecone ban add`, `list` and `remove`
struct BanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ban",
        abstract: "Ignore everything that addresses or networks send.",
        discussion: """
            The node drops packets from a banned address before it does anything else with them. It counts them as \
            dropped.banned. Bans last over restarts. A banned node that this node knows is given up after two requests.

            For example:

              bristlecone ban add 192.0.2.7
              bristlecone ban add 192.0.2.0/24 2001:db8::/32 --for "7 days"
              bristlecone ban list
              bristlecone ban remove 192.0.2.7
            """,
        subcommands: [BanAddCommand.self, BanListCommand.self, BanRemoveCommand.self])
}

/// The argument of commands about networks.
struct NetworkArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("Addresses and networks, such as 192.0.2.7 or 2001:db8::/32.", valueName: "network"))
    var texts: [String] = []

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp("Read them from a file, one a line; - is standard input.", valueName: "file"))
    var list: String?

    mutating func validate() throws {
        guard texts.isEmpty != (list == nil) else {
            throw ValidationError("Give addresses or networks, or a list of them with --from FILE.")
        }
        for text in texts { _ = try NetworkArguments.network(text) }
    }

    func networks() throws -> [IPNetwork] {
        guard let list else { return try texts.map(NetworkArguments.network) }
        return try LineList.read(list).parse { line in
            try NetworkArguments.network(line.filter { !$0.isWhitespace })
        }
    }

    static func network(_ text: String) throws -> IPNetwork {
        guard let network = IPNetwork(text) else {
            let remedy = Address(text).map { "Ports cannot be banned: give \($0.host)." }
            throw ValidationError(
                remedy ?? "\(quoted(text)) is neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/32.")
        }
        // A network that is larger than its text suggests would be banned by mistake.
        guard IPAddress(String(text.prefix { $0 != "/" })) == network.base else {
            throw ValidationError(
                "\(text) has bits beyond its prefix length; if you mean the whole network, give \(network).")
        }
        return network
    }
}

/// `bristlecone ban add NETWORK`
struct BanAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Ban addresses and networks.",
        discussion: """
            For example:

              bristlecone ban add 192.0.2.0/24 --for "7 days"
              bristlecone ban add --from networks.txt
            """)

    @OptionGroup var argument: NetworkArguments

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long, such as \"12 hours\" or \"7 days\"; for ever by default.", valueName: "time"))
    var duration: String?

    @Option(
        help: ArgumentHelp("Until when, such as 2026-02-03T12:00:00Z.", valueName: "time"),
        transform: Arguments.instant)
    var until: Instant?

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        guard duration == nil || until == nil else { throw ValidationError("Give --for or --until, not both.") }
        _ = try span()
    }

    mutating func run() async throws {
        let networks = try argument.networks()
        let end = try until ?? span().map { Instant(seconds: Int64(time(nil))) + $0 }
        let report = try await client.call(
            Operations.changeBans, BansChange(add: networks.map { BanRequest($0, until: end) }))
        try client.show(report) { terminal in
            let what = networks.count == 1 ? "\(networks[0])" : Words.count(networks.count, "network")
            let verb = report.added > 0 ? terminal.good("Banned") : "Already banned"
            return "\(verb): \(what)" + (end.map { ", until \(Words.moment($0))" } ?? "")
        }
    }

    private func span() throws -> Duration? {
        guard let duration else { return nil }
        guard let span = TimeSpan(duration) else {
            throw ValidationError("\(quoted(duration)) is no length of time such as \"12 hours\" or \"7 days\".")
        }
        return span.seconds.map { .seconds($0) }
    }
}

/// `bristlecone ban remove NETWORK`
struct BanRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Lift bans.",
        discussion: """
            The exit status is 1 if none of them was banned.

            For example:

              bristlecone ban remove 192.0.2.0/24
            """)

    @OptionGroup var argument: NetworkArguments
    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let networks = try argument.networks()
        let report = try await client.call(Operations.changeBans, BansChange(remove: networks))
        guard report.removed > 0 else {
            throw CommandFailure(
                message:
                    "This was not banned: \"bristlecone ban list\" shows the bans, and each is lifted as it was made.")
        }
        try client.show(report) { "\($0.good("Lifted")): \(Words.count(report.removed, "ban"))" }
    }
}

/// `bristlecone ban list`
struct BanListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the banned addresses and networks.",
        discussion: """
            For example:

              bristlecone ban list --json
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let bans = try await client.call(Operations.bans)
        try client.show(bans) { terminal in
            guard !bans.isEmpty else { return "Nobody is banned." }
            var table = TextTable()
            table.add("network", "since", "until")
            for ban in bans {
                table.add(
                    "\(ban.network)", Words.moment(ban.since), ban.until.map(Words.moment) ?? "for ever")
            }
            return table.lines().joined(separator: "\n")
        }
    }
}
