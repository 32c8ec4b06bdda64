import ArgumentParser
import FoundationEssentials
@preconcurrency import Glibc

/// Runs overlays in virtual time.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Runs whole overlays in virtual time.",
        subcommands: [
            AttackCommand.self, CompareCommand.self, DigestCommand.self, LookupsCommand.self, MeasureCommand.self,
            PacketsCommand.self, RebootCommand.self, SoakCommand.self,
        ])

    static func main() {
        // Runs take long, and somebody who watches through a pipe, or stops the run, wants its output so far.
        setvbuf(stdout, nil, _IOLBF, 0)
        main(nil)
    }
}

extension ParsableCommand {
    /// Refuses a number that is too small, by the name of its option.
    func refuse<Number: Comparable>(_ option: String, of number: Number, below least: Number) throws {
        guard number < least else { return }
        throw ValidationError("\(option) is \(number); it must be \(least) at least.")
    }

    /// Refuses a number out of range.
    func refuse<Number: Comparable>(_ option: String, of number: Number, outside range: ClosedRange<Number>) throws {
        guard !range.contains(number) else { return }
        throw ValidationError("\(option) is \(number); it must be from \(range.lowerBound) to \(range.upperBound).")
    }

    /// Refuses a share that is not between 0 and 1.
    func refuse(_ option: String, unlessShare number: Double) throws {
        guard !(0...1).contains(number) else { return }
        throw ValidationError("\(option) is \(number); it must be from 0 to 1.")
    }

    /// Refuses an output file that cannot be written, before the run begins.
    func refuse(_ option: String, unlessWritable path: String) throws {
        let url = URL(filePath: path)
        var isFolder = false
        let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        let folder = url.deletingLastPathComponent().path
        guard isFolder || access(exists ? url.path : folder, W_OK) != 0 else { return }
        throw ValidationError("\(option) is '\(path)'; no file can be written there.")
    }
}
