import ArgumentParser
import FoundationEssentials

/// Shows whether the nodes still behave as they did.
struct DigestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract: "Prints a digest of everything that the nodes of some runs are told and want done.",
        discussion: """
            A change that only moves code leaves every digest as it is. A change of behaviour changes some of them: then \
            write the file anew with 'simulate digest > FILE', and say in the commit why they changed.
            """)

    @Flag(help: "Only the few runs that are quick.") var quick = false
    @Option(help: "Compare with the digests in this file, and end with status 1 if one differs.") var check: String?

    func run() throws {
        let expected = try check.map(recorded)
        var differing: [String] = []
        for run in DigestedRun.all where !quick || run.isQuick {
            let digest = try run.digest()
            let before = expected?[run.name]
            let isSame = expected == nil || before == digest
            print("\(run.name) \(digest)" + (isSame ? "" : before.map { ", was \($0)" } ?? ", not in the file"))
            if !isSame { differing.append(run.name) }
        }
        guard !differing.isEmpty else { return }
        print("The nodes behave differently in \(differing.count) runs: \(differing.joined(separator: ", ")).")
        throw ExitCode.failure
    }

    private func recorded(in path: String) throws -> [String: String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ValidationError(
                "--check is '\(path)', which cannot be read; name a file that 'simulate digest' wrote.")
        }
        var digests: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 2 else {
                throw ValidationError("'\(line)' in \(path) is no line of a name and a digest.")
            }
            digests[String(fields[0])] = String(fields[1])
        }
        return digests
    }
}
