internal import DHTCore
internal import IPv8
internal import Maintenance

/// What goes over the boundary of the core: each kind with a number of its own, which stays when the code is renamed.
extension DigestEncoder {
    mutating func add(_ input: Input) {
        switch input {
        case .datagramReceived(let datagram, let source, let host):
            begin(1)
            add(datagram)
            add(source)
            if let host { add(host.bytes) }
        case .signaturesChecked(let id, let verdict):
            begin(2, id)
            add(verdict.packetIsAuthentic)
            add(verdict.entriesAreAuthentic.map { $0 ? 1 : 0 })
        // How long a read took is the same in all worlds of a kind; what follows from it shows in the effects.
        case .entriesLoaded(let id, let entries, _):
            begin(3, id)
            add(entries.count)
            for entry in entries { add(entry) }
        case .loadFailed(let id, _): begin(4, id)
        case .dueKeysListed(let id, let due):
            begin(5, id)
            add(due)
        case .republishableLoaded(let id, let targets):
            begin(6, id)
            add(targets)
        case .commitCompleted(let id, let outcome):
            begin(7, id)
            add(outcome)
        case .tokenSecretDrawn(let secret):
            begin(8)
            add(secret)
        case .trackersResolved(let addresses):
            begin(9)
            add(addresses.count)
            for address in addresses { add(address) }
        case .commandIssued(let id, let command):
            begin(10)
            add(id.number)
            add(command)
        case .timerFired: begin(11)
        case .bansChanged(let bans):
            begin(12)
            add(bans.count)
            for ban in bans { add(Array("\(ban.network) \(ban.until?.nanoseconds ?? .max)".utf8)) }
        }
    }

    mutating func add(_ effect: Effect) {
        switch effect {
        case .send(let message, let address, let host):
            begin(1)
            add(message)
            add(address)
            if let host { add(host.bytes) }
        case .verify(let id, let packet, let entries):
            begin(2, id)
            add(packet.bytes)
            add(entries)
        case .load(let id, let target, let offset, let limit):
            begin(3, id)
            add(target)
            add(offset)
            add(limit)
        case .commit(let id, let intent):
            begin(4, id)
            add(intent)
        case .listDueKeys(let id, let limit):
            begin(5, id)
            add(limit)
        case .loadRepublishable(let id, let targets):
            begin(6, id)
            add(targets.count)
            for target in targets { add(target) }
        case .refresh(let intent):
            begin(7)
            add(intent)
        case .noteRepublication(let report):
            begin(8)
            add(report)
        case .saveJobs(let jobs):
            begin(9)
            add(jobs.count)
            for job in jobs { add(job) }
        case .saveTokenSecrets(let secrets):
            begin(10)
            add(secrets.count)
            for secret in secrets {
                add(secret.bytes)
                add(secret.drawnAt)
            }
        case .drawTokenSecret: begin(11)
        case .saveContacts(let contacts, let buckets):
            begin(12)
            add(contacts.count)
            for contact in contacts { add(contact) }
            add(buckets.count)
            for bucket in buckets { add(bucket) }
        case .callLocalNetwork: begin(13)
        case .emit(let event):
            begin(14)
            add(event)
        }
    }

    private mutating func begin(_ kind: UInt8) { bytes.append(kind) }

    private mutating func begin(_ kind: UInt8, _ id: WorkID) {
        bytes.append(kind)
        add(id.number)
    }

    private mutating func add(_ event: Event) {
        switch event {
        case .commandCompleted(let id, let outcome):
            begin(1)
            add(id.number)
            add(outcome)
        case .addressLearned(let address):
            begin(2)
            add(address)
        case .contactAdded(let node):
            begin(3)
            add(node)
        case .contactLost(let node):
            begin(4)
            add(node)
        }
    }

    private mutating func add(_ command: Command) {
        switch command {
        case .ping(let address):
            begin(1)
            add(address)
        case .find(let target):
            begin(2)
            add(target)
        case .connect(let mid, let knownAddress):
            begin(3)
            add(mid)
            add(knownAddress ?? Address.none)
        case .publish(let target, let entry):
            begin(4)
            add(target)
            add(entry.bytes)
        case .refreshBucket(let family, let prefix):
            begin(5)
            add(Array(family.rawValue.utf8))
            add(Array(prefix.utf8))
        case .walk(let address):
            begin(6)
            add(address)
        case .runTask(let name):
            begin(7)
            add(Array(name.utf8))
        case .spread(let target, let entry):
            begin(8)
            add(target)
            add(entry.bytes)
        }
    }

    private mutating func add(_ outcome: CommandOutcome) {
        switch outcome {
        case .pinged(let key, let roundTrip):
            begin(1)
            add(key)
            add(roundTrip)
        case .unreachable: begin(2)
        case .pingTimedOut: begin(3)
        case .found(let found):
            begin(4)
            add(found.entries)
            add(found.askedCount)
            add(found.answeredCount)
            add(found.holderCount)
        case .published(let published):
            begin(5)
            add(published.askedCount)
            add(published.acknowledgedCount)
        case .connected(let nodes):
            begin(6)
            add(nodes)
        case .publishRefused(let outcome):
            begin(7)
            add(outcome)
        case .refusedAsBusy: begin(8)
        case .refreshed: begin(9)
        case .noSuchBucket: begin(10)
        case .noContacts: begin(11)
        case .walked: begin(12)
        case .taskPlanned: begin(13)
        case .noSuchTask: begin(14)
        }
    }

    private mutating func add(_ outcome: CommitOutcome) {
        switch outcome {
        case .held: begin(1)
        case .superseded: begin(2)
        case .refused: begin(3)
        case .failed: begin(4)
        }
    }

    private mutating func add(_ intent: StoreChange) {
        add(intent.target)
        add(intent.entries)
        add(intent.expiresAt)
        switch intent.provenance {
        case .publishedHere: begin(1)
        case .received(let mid, let address):
            begin(2)
            add(mid)
            add(address)
        }
    }
}
