import ArgumentParser

/// Runs overlays in virtual time.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Runs whole overlays in virtual time.",
        subcommands: [
            AttackCommand.self, CompareCommand.self, MeasureCommand.self, PacketsCommand.self, RebootCommand.self,
            SoakCommand.self,
        ])
}
