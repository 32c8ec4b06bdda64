internal import ArgumentParser
internal import Bristlecone
internal import Console

/// `bristlecone upgrade --check`
struct UpgradeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Say what this version does with a data folder of another one.",
        discussion: """
            A node brings a folder of an older version forward when it starts; there is nothing to do by hand. After that \
            older versions may refuse the folder, so make a backup first: a backup of the older version is what you go \
            back to. docs/upgrading.md tells which version reads which formats.

            Changes nothing. The exit status is 0 if this version can use the folder, and 1 if a newer version wrote it.

            For example:

              bristlecone upgrade --check --data /var/lib/bristlecone
            """)

    @Flag(help: "Only look; this is the only thing the command does.")
    var check = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        guard check else {
            throw ValidationError("A node upgrades its folder when it starts: to see what that changes, add --check.")
        }
    }

    mutating func run() async throws {
        let found = try UpgradeReport.of(client.folder)
        try client.show(found) { found.text(on: $0) }
        guard !found.isRefused else {
            throw CommandFailure(
                message:
                    "A newer version of Bristlecone wrote this folder, and this version (\(Release.version)) does not "
                    + "change it: run the newer version, or restore a backup that this one made.")
        }
    }
}

extension UpgradeReport {
    /// The report for people.
    fileprivate func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("", "found", "this version writes")
        for (name, format) in [("data folder", folder), ("archive", archive), ("index", index)] {
            table.add(name, format.found.map(String.init) ?? "none", "\(format.written)")
        }
        let upgrade =
            "The next start of this version upgrades the folder. Make a backup first: older versions may refuse it then."
        let outcome =
            isRefused
            ? terminal.bad("This version refuses the folder.")
            : isUpgrade ? upgrade : terminal.good("Nothing to upgrade.")
        return (table.lines(indent: 0) + [outcome]).joined(separator: "\n")
    }
}
