internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Maintenance
internal import Synchronization

/// The versions of what is published here, and how the machine's clock stands to them and to the archive.
extension NodeLoop {
    /// Signs a value and publishes it.
    ///
    /// A later value of one signer has to have a higher version, or nobody takes it for the later one. So the version is
    /// the time, or the number after the last version if the clock is not past that: because of two stores in one second,
    /// or because the clock was set back. The last version is read, the value signed and its commit begun in one turn of
    /// the event loop, so two stores that are under way at once get two versions, in the order of their commits.
    func publish(
        _ data: [UInt8], under target: Target, signedBy key: PrivateKey, progress: CommandWatcher? = nil
    ) async throws(NodeError) -> (entry: Entry, outcome: CommandOutcome?) {
        let signed = Mutex<Result<Entry, NodeError>?>(nil)
        let outcome = await run(progress: progress) { loop in
            let result = Result { () throws(NodeError) in try loop.sign(data, under: target, with: key) }
            signed.withLock { $0 = result }
            return (try? result.get()).map { .publish(target, $0) }
        }
        guard let result = signed.withLock({ $0 }) else { throw NodeError(unfinished: nil) }
        return (try result.get(), outcome)
    }

    func sign(
        _ data: [UInt8], under target: Target, with key: PrivateKey
    ) throws(NodeError) -> Entry {
        let now = moment.now
        do {
            let last = try commits.lastVersion(of: target, signer: key.publicKey.mid)
            guard let version = Version(signedAt: now, after: last) else { throw NodeError.noHigherVersion }
            let entry = try Entry(data: data, version: version, signedBy: key)
            noteVersion(version, at: now)
            return entry
        } catch let error as NodeError {
            throw error
        } catch let error as ArchiveError {
            throw NodeError(error)
        } catch {
            throw NodeError(.archiveFailed, "The value cannot be stored: \(error).")
        }
    }

    /// How the clock stands.
    var clockStatus: NodeStatus.Clock {
        NodeStatus.Clock(
            behindArchive: clockLag, versionsAhead: highestVersion?.lead(over: moment.now) ?? .zero)
    }

    /// What the log says of a clock that starts before the newest change in the archive; `nil` if it does not.
    static func warning(of lag: Duration, at wall: Instant) -> String? {
        guard lag > NodeStatus.Clock.leadIgnored else { return nil }
        return
            "The machine's clock shows \(wall.iso8601(fractionDigits: 0)), which is \(Int(lag.components.seconds)) s before the newest "
            + "change in the archive: set the clock. The node follows at once when the clock is past that change. If the "
            + "clock is right now and was ahead before, nothing is to be done."
    }

    /// What the log says of a version that is ahead of the clock; `nil` if it is so little that a few stores in one
    /// second explain it.
    static func warning(of version: Version, at now: Instant) -> String? {
        let lead = version.lead(over: now)
        guard lead > NodeStatus.Clock.leadIgnored else { return nil }
        return
            "A value was published with version \(version.number), which is \(lead.components.seconds) s ahead of the "
            + "clock, because an earlier version of it is: check that the machine's clock is right."
    }
}
