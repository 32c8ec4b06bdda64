internal import IPv8
internal import Maintenance

/// What the node's user asks for. Every command completes, whatever happens.
extension Node {
    /// How many values of our own archive go into a search.
    private static let ownValuesMax = 1024

    mutating func start(_ command: Command, _ id: CommandID) {
        let isStarted =
            switch command {
            case .ping(let address): ping(address, id)
            case .find(let target): find(target, id)
            case .connect(let mid, let address): connect(to: mid, knownAddress: address, id)
            case .publish(let target, let entry): store(entry, under: target, id)
            case .spread(let target, let entry): spread(entry, under: target, id)
            case .refreshBucket(let family, let prefix): refreshBucket(withPrefix: prefix, of: family, id)
            case .walk(let address): walk(to: address, id)
            case .runTask(let name): runTask(named: name, id)
            }
        if !isStarted { turn.complete(id, .refusedAsBusy) }
    }

    private mutating func ping(_ address: Address, _ id: CommandID) -> Bool {
        guard turn.sockets.reach(address) else {
            turn.complete(id, .unreachable)
            return true
        }
        return submitPing(to: address, for: .command(id))
    }

    private mutating func submitPing(to address: Address, for purpose: Request.Purpose) -> Bool {
        let contact = overlay.contact(at: address)?.publicKey
        return requests.submit(Request(.ping, at: address, knownContact: contact, for: purpose), &turn)
    }

    private mutating func find(_ target: Target, _ id: CommandID) -> Bool {
        guard let lookup = searches.begin(.find(id), for: target, &overlay, &requests, &turn) else { return false }
        if let read = turn.begin(.ownValues(lookup)) {
            searches.awaitOwnValues(lookup)
            turn.append(.load(read, target: target, offset: 0, limit: Node.ownValuesMax))
        }
        finish(searches.advance(lookup, &overlay, &requests, &turn))
        return true
    }

    // MARK: The overlay

    private mutating func refreshBucket(withPrefix prefix: String, of family: AddressFamily, _ id: CommandID) -> Bool {
        guard let bucket = overlay.bucket(withPrefix: prefix, in: family),
            let target = overlay.randomTarget(inBucket: bucket, of: family, &turn)
        else {
            turn.complete(id, .noSuchBucket)
            return true
        }
        guard overlay.contactCount > 0 else {
            turn.complete(id, .noContacts)
            return true
        }
        guard lookUp(.refresh(id), target) else { return false }
        overlay.markRefreshed(bucket, of: family, at: turn.now)
        return true
    }

    private mutating func walk(to address: Address, _ id: CommandID) -> Bool {
        guard turn.sockets.reach(address) else {
            turn.complete(id, .unreachable)
            return true
        }
        overlay.walk(to: address, &requests, &turn)
        turn.complete(id, .walked)
        return true
    }

    private mutating func runTask(named name: String, _ id: CommandID) -> Bool {
        let job = Job.allCases.first { $0.name == name }
        if let job { turn.schedule.plan(job, at: turn.now) }
        turn.complete(id, job == nil ? .noSuchTask : .taskPlanned)
        return true
    }

    // MARK: Publish

    /// Keeps a user's value here first.
    private mutating func store(_ entry: Entry, under target: Target, _ id: CommandID) -> Bool {
        guard let commit = turn.begin(.publication(id, target, entry)) else { return false }
        let intent = StoreChange(
            target: target, entries: [entry], expiresAt: turn.now + servedFor, provenance: .publishedHere)
        turn.append(.commit(commit, intent))
        return true
    }

    /// A user's value is kept here, or was refused: if it is kept, it goes to the nodes closest to its target.
    mutating func publish(_ entry: Entry, under target: Target, _ outcome: CommitOutcome, for command: CommandID) {
        guard outcome == .held else { return turn.complete(command, .publishRefused(outcome)) }
        _ = spread(entry, under: target, command)
    }

    private mutating func spread(_ entry: Entry, under target: Target, _ command: CommandID) -> Bool {
        if !lookUp(.publish(command, entry), target) {
            // It is kept here, which is what was asked for first.
            turn.complete(command, .published(PublishOutcome(askedCount: 0, acknowledgedCount: 0)))
        }
        return true
    }

    // MARK: Connect

    private mutating func connect(to mid: Mid, knownAddress: Address?, _ command: CommandID) -> Bool {
        // That connects us with nobody.
        guard mid != identity.mid else {
            turn.complete(command, .connected([]))
            return true
        }
        if let knownAddress, submitPing(to: knownAddress, for: .knownAddress(command, mid)) { return true }
        return lookUp(.connect(command), Target(bits: mid.bits))
    }

    /// Goes on without the address that the user knew.
    mutating func knownAddressFailed(_ command: CommandID, _ mid: Mid) {
        if !lookUp(.connect(command), Target(bits: mid.bits)) { turn.complete(command, .refusedAsBusy) }
    }
}
