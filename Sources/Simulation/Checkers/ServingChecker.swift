package import DHTCore
package import IPv8
internal import Maintenance

/// Checks that a served value is its signer's, has not expired, and is never older than one that was served before.
package final class ServingChecker: Checker {
    package static let name = "serving"
    package var violations: [Violation] = []
    /// The number of served values.
    package private(set) var servedCount = 0

    private let servedFor: Duration
    /// Everything that honest users have published.
    private var created: Set<[UInt8]> = []
    private var honest: Set<Mid> = []
    /// When a machine last stored a value, asked others to store it, or heard of it.
    private var heard: [MachineIndex: [[UInt8]: Instant]] = [:]
    private var versions: [MachineIndex: [ValueKey: Version]] = [:]
    private var searches: [ExchangeKey: Target] = [:]

    /// Commits take time, and clocks drift.
    private static let slack: Duration = .seconds(10)

    package init(servedFor: Duration) { self.servedFor = servedFor }

    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        guard case .publish(_, let entry) = command else { return }
        created.insert(entry.bytes)
        if let signer = entry.signature?.signer { honest.insert(signer.mid) }
        heard[machine.index, default: [:]][entry.bytes] = world.now
    }

    package func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard machine.setup != nil, let packet = try? Packet(decoding: bytes) else { return }
        switch packet.message {
        case .storeRequest(let request): note(request.values, on: machine, in: world)
        case .findResponse(let response): note(response.values, on: machine, in: world)
        case .findRequest(let request):
            if searches.count > 65_536 { searches.removeAll() }
            searches[ExchangeKey(machine: machine.index, peer: source, number: request.id.number)] = request.target
        default: return
        }
    }

    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {
        guard machine.setup != nil, let packet = try? Packet(decoding: bytes) else { return }
        switch packet.message {
        case .storeRequest(let request): note(request.values, on: machine, in: world)
        case .findResponse(let response):
            let key = ExchangeKey(machine: machine.index, peer: destination, number: response.id.number)
            guard let target = searches[key] else { return }
            for value in response.values { check(value, under: target, on: machine, in: world) }
        default: return
        }
    }

    private func note(_ values: [[UInt8]], on machine: Machine, in world: World) {
        for value in values { heard[machine.index, default: [:]][value] = world.now }
    }

    private func check(_ value: [UInt8], under target: Target, on machine: Machine, in world: World) {
        servedCount += 1
        guard let entry = try? Entry(bytes: value) else {
            return report("serves \(value.count) bytes that are no value", on: machine, in: world)
        }
        if let signer = entry.signature?.signer, honest.contains(signer.mid), !created.contains(value) {
            report("serves a value that its signer never signed", on: machine, in: world)
        }
        checkAge(value, on: machine, in: world)
        guard let version = entry.signature?.version else { return }
        let key = ValueKey(target, entry)
        if let known = versions[machine.index]?[key], version < known {
            report("serves version \(version.number) after \(known.number)", on: machine, in: world)
        }
        versions[machine.index, default: [:]][key] = version
    }

    /// A machine with a wrong clock goes by that clock; other checkers cover what it serves.
    private func checkAge(_ value: [UInt8], on machine: Machine, in world: World) {
        guard machine.clock.wallError == .zero, machine.host?.clock.offset == .zero else { return }
        guard let last = heard[machine.index]?[value] else {
            return report("serves a value that it never heard of", on: machine, in: world)
        }
        if world.now - last > servedFor + ServingChecker.slack {
            report("serves a value that expired \(world.now - last - servedFor) ago", on: machine, in: world)
        }
    }
}
