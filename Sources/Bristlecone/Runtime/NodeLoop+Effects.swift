internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Maintenance
internal import NIOCore

/// What the core wants done, and who does it.
extension NodeLoop {
    func carryOut(_ effect: Effect) {
        switch effect.moved(by: clockOffset) {
        case .send(let message, let address, let host): add(.send(message, to: address, from: host), to: lane)
        case .verify(let id, let packet, let entries): add(.verify(id, packet, entries), to: id.lane)
        case .load(let id, let target, let offset, let limit):
            add(.load(id, target, offset: offset, limit: limit), to: id.lane)
        case .commit(let id, let change): commit(change, id)
        case .saveTokenSecrets(let secrets):
            commits.add(GroupCommit.Item(change: .tokenSecrets(secrets), completion: nil))
        case .drawTokenSecret:
            var random = SystemRandomNumberGenerator()
            let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            runSoon { $0.take(.tokenSecretDrawn(secret)) }
        case .saveContacts(let contacts, let buckets):
            index.save(contacts, at: moment.now)
            upkeep.save(buckets, at: moment.now)
        case .listDueKeys(let id, let limit): listDue(id, limit)
        case .loadRepublishable(let id, let targets): loadRepublishable(id, targets)
        case .refresh(let change): commits.add(GroupCommit.Item(change: .refresh(change), completion: nil))
        case .noteRepublication(let result): upkeep.note(result, at: moment.now)
        case .saveJobs(let jobs): upkeep.save(jobs)
        case .callLocalNetwork: localCaller?.call(on: eventLoop)
        case .emit(let event): tell(event)
        }
    }

    private func commit(_ change: StoreChange, _ id: WorkID) {
        // Early means before it is on the disk, never in place of it: not when the disk has failed, is full or does not
        // keep up. A user's own value is worth the wait.
        let isEarly = acknowledgesEarly && change.provenance != .publishedHere && commits.canPromise(change)
        commits.add(GroupCommit.Item(change: .store(change), completion: isEarly ? nil : id))
        if isEarly { runSoon { $0.take(.commitCompleted(id, .held)) } }
    }

    /// Whether stores are acknowledged before they are on the disk from now on.
    func acknowledgeEarly(_ isEarly: Bool) {
        submit { [self] in acknowledgesEarly = isEarly }
    }

    private func listDue(_ id: WorkID, _ limit: Int) {
        let offset = clockOffset
        upkeep.listDue(at: moment.now, limit: limit) { [self] list in
            eventLoop.execute { [self] in
                take(.dueKeysListed(id, list).moved(by: .zero - offset))
                flush()
            }
        }
    }

    private func loadRepublishable(_ id: WorkID, _ targets: [Target]) {
        let offset = clockOffset
        upkeep.load(targets, at: moment.now) { [self] loaded in
            eventLoop.execute { [self] in
                take(.republishableLoaded(id, loaded).moved(by: .zero - offset))
                flush()
            }
        }
    }
}
