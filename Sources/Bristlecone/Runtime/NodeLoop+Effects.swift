internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Maintenance
internal import NIOCore

/// What the core wants done, and who does it.
extension NodeLoop {
    func carryOut(_ effect: Effect) {
        switch effect {
        case .send(let message, let address, let host): add(.send(message, to: address, from: host), to: lane)
        case .verify(let id, let packet, let entries): add(.verify(id, packet, entries), to: id.lane)
        case .load(let id, let target, let offset, let limit):
            add(.load(id, target, offset: offset, limit: limit), to: id.lane)
        case .commit(let id, let intent): commit(intent, id)
        case .saveTokenSecrets(let secrets):
            let dated = secrets.map { TokenSecret(bytes: $0.bytes, drawnAt: $0.drawnAt + clockOffset) }
            commits.add(GroupCommit.Item(change: .tokenSecrets(dated), completion: nil))
        case .drawTokenSecret:
            var random = SystemRandomNumberGenerator()
            let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            runSoon { $0.take(.tokenSecretDrawn(secret)) }
        case .saveContacts(let contacts, let buckets): save(contacts, buckets)
        case .listDueKeys(let id, let limit): listDue(id, limit)
        case .loadRepublishable(let id, let targets): loadRepublishable(id, targets)
        case .refresh(let intent):
            let change = intent.moved(by: clockOffset)
            commits.add(GroupCommit.Item(change: .refresh(change), completion: nil))
        case .noteRepublication(let report):
            upkeep.note(RepublishResult(report, offset: clockOffset), at: moment.now)
        case .saveJobs(let reports): upkeep.save(reports.map { $0.moved(by: clockOffset) })
        case .callLocalNetwork: localCaller?.call(on: eventLoop)
        case .emit(let event): tell(event)
        }
    }

    private func commit(_ intent: StoreChange, _ id: WorkID) {
        var intent = intent
        intent.expiresAt = intent.expiresAt + clockOffset
        // Early means before it is on the disk, never in place of it: not when the disk has failed, is full or does not
        // keep up. A user's own value is worth the wait.
        let isEarly = acknowledgesEarly && intent.provenance != .publishedHere && commits.canPromise(intent)
        commits.add(GroupCommit.Item(change: .store(intent), completion: isEarly ? nil : id))
        if isEarly { runSoon { $0.take(.commitCompleted(id, .held)) } }
    }

    /// Whether stores are acknowledged before they are on the disk from now on.
    func acknowledgeEarly(_ isEarly: Bool) {
        submit { [self] in acknowledgesEarly = isEarly }
    }

    func save(_ contacts: [Contact], _ buckets: [BucketReport]) {
        let offset = clockOffset
        upkeep.save(buckets.map { StoredBucket($0, offset: offset) }, at: moment.now)
        index.save(
            contacts.map { contact in
                var contact = contact
                contact.lastResponse = contact.lastResponse + offset
                return contact
            }, at: moment.now)
    }

    private func listDue(_ id: WorkID, _ limit: Int) {
        let offset = clockOffset
        upkeep.listDue(at: moment.now, limit: limit) { [self] list in
            eventLoop.execute { [self] in
                take(.dueKeysListed(id, list.moved(by: .zero - offset)))
                flush()
            }
        }
    }

    private func loadRepublishable(_ id: WorkID, _ targets: [Target]) {
        let offset = clockOffset
        upkeep.load(targets, at: moment.now) { [self] loaded in
            let targets = loaded.map { target, values in
                RepublishableTarget(target: target, values: values.map { $0.moved(by: .zero - offset) })
            }
            eventLoop.execute { [self] in
                take(.republishableLoaded(id, targets))
                flush()
            }
        }
    }
}
