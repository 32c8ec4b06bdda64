import Foundation
import IPv8
import Kademlia
import Maintenance
import Testing

@testable import Archive
@testable import DHTCore
@testable import Simulation

/// The archive itself as a machine's storage, in a folder that is gone with it.
final class RealArchive: Storage {
    private(set) var archive: Archive
    private let options: ArchiveOptions
    private let folder: URL
    /// What went wrong, for a test to look at: a storage has no other way to say it.
    private(set) var failures: [String] = []

    init(
        _ timing: StorageTiming = StorageTiming(), limits: ModelArchive.Limits = ModelArchive.Limits(), now: Instant
    ) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "simulated-archive-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var options = ArchiveOptions()
        options.mapBytes = 64 << 20
        options.diskReserveBytes = 0
        options.signedPerTargetMax = limits.signed
        options.unsignedPerTargetMax = limits.unsigned
        options.retention.signed = timing.retainedFor
        options.retention.unsigned = timing.retainedFor
        options.republishing.interval = timing.republishInterval
        options.republishing.jitterMax = timing.jitterMax
        options.republishing.lifetime = timing.lifetime
        options.republishing.servedFor = timing.servedFor
        self.options = options
        archive = try Archive.open(folder: folder.path, options: options, now: now)
    }

    deinit {
        archive.close()
        try? FileManager.default.removeItem(at: folder)
    }

    var path: String { folder.path }

    func close() { archive.close() }

    private func trying<Value>(_ fallback: Value, _ body: () throws -> Value) -> Value {
        do {
            return try body()
        } catch {
            failures.append("\(error)")
            return fallback
        }
    }

    func commit(_ changes: [StorageChange], at now: Instant) -> [CommitOutcome]? {
        trying(nil) {
            try archive.commit(changes.map { ArchiveChange($0) }, at: now).map { CommitOutcome($0) }
        }
    }

    func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]] {
        trying([]) { try archive.page(of: target, offset: offset, limit: limit, at: now) }
    }

    /// Brings the index to the archive's end.
    func follow() { trying(()) { while try !archive.follow().isCurrent {} } }

    func dueKeys(at now: Instant, limit: Int) -> DueKeys {
        follow()
        return trying(DueKeys()) { try archive.dueList(at: now, limit: limit) }
    }

    func republishable(_ targets: [Target], at now: Instant) -> [RepublishableTarget] {
        trying([]) {
            try targets.map { target in
                RepublishableTarget(
                    target: target,
                    values: try archive.republishableEntries(of: target, at: now))
            }
        }
    }

    func note(_ report: RepublishResult, at now: Instant) {
        trying(()) { try archive.note([report], at: now) }
    }

    func sweep(at now: Instant) { trying(()) { while try !archive.sweep(at: now, limit: 1000).endsRound {} } }

    var tokenSecrets: [TokenSecret] { trying([]) { try archive.tokenSecrets() } }

    var contacts: [Contact] {
        get {
            trying([]) {
                try archive.contacts().map {
                    Contact(
                        NodeInfo(address: $0.address, publicKey: $0.publicKey),
                        answeredAt: $0.lastResponse ?? $0.firstSeen)
                }
            }
        }
        set {
            let stored = newValue.map {
                StoredContact(
                    publicKey: $0.node.publicKey, address: $0.node.address, firstSeen: $0.lastResponse,
                    lastResponse: $0.lastResponse)
            }
            trying(()) { try archive.saveContacts(stored, at: newValue.map(\.lastResponse).max() ?? .distantPast) }
        }
    }

    var jobs: [JobReport] {
        get { trying([]) { try archive.jobs() } }
        set { trying(()) { try archive.saveJobs(newValue) } }
    }

    func held(under target: Target) -> [HeldEntry] {
        trying([]) {
            try (archive.records(of: target) + archive.retainedRecords(of: target)).map {
                HeldEntry(entry: $0.entry, expiresAt: $0.expiresAt)
            }
        }
    }

    /// What is in memory is gone; what was committed is read again.
    func powerLost() {
        archive.close()
        trying(()) { archive = try Archive.open(folder: folder.path, options: options, now: .distantPast) }
    }
}

extension ArchiveChange {
    fileprivate init(_ change: StorageChange) {
        switch change {
        case .store(let store): self = .store(store)
        case .refresh(let change): self = .refresh(change)
        case .tokenSecrets(let secrets): self = .tokenSecrets(secrets)
        case .pin(let target): self = .pin(.key(target))
        case .withdraw(let target, let entry): self = .withdraw(target, entry)
        }
    }
}

extension CommitOutcome {
    fileprivate init(_ outcome: ArchiveOutcome) {
        switch outcome {
        case .store(let outcomes):
            let isReplaced = outcomes.contains { $0 == .superseded || $0 == .kept }
            self = !outcomes.allSatisfy(\.isHeld) ? .refused : isReplaced ? .superseded : .held
        case .tokenSecrets, .done: self = .held
        case .refused: self = .refused
        }
    }
}
