import ArgumentParser
@preconcurrency import Glibc

/// Runs overlays in virtual time.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Runs whole overlays in virtual time.",
        subcommands: [
            AttackCommand.self, CompareCommand.self, MeasureCommand.self, PacketsCommand.self, RebootCommand.self,
            SoakCommand.self,
        ])

    static func main() {
        // Runs take long, and who watches one through a pipe, or ends it, wants what there is so far.
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

    /// Refuses what is no share of a whole.
    func refuse(_ option: String, unlessShare number: Double) throws {
        guard !(0...1).contains(number) else { return }
        throw ValidationError("\(option) is \(number); it must be from 0 to 1.")
    }
}
