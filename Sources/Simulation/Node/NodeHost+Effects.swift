internal import DHTCore
internal import IPv8
internal import Maintenance

/// What the node wants done.
extension NodeHost {
    func carryOut(_ effect: Effect, _ actions: inout Actions) {
        switch effect.moved(by: offset) {
        case .send(let message, let address, _): send(message, to: address, &actions)
        case .verify(let id, let packet, let entries):
            let checked = Input.signaturesChecked(id, verdict(on: packet, entries))
            guard !work(.answer(checked), taking: \.check, in: id.lane, at: actions.now) else { return }
            answer(checked, after: settings.checkTime, &actions)
        case .load(let id, let target, let offset, let limit):
            let values = storage.page(of: target, offset: offset, limit: limit, at: actions.now + self.offset)
            let time = settings.workTimes?.read ?? settings.readTime
            let loaded = Input.entriesLoaded(id, values, took: time)
            guard !work(.answer(loaded), taking: \.read, in: id.lane, at: actions.now) else { return }
            answer(loaded, after: settings.readTime, &actions)
        case .commit(let id, let change): commit(change, id, &actions)
        case .saveTokenSecrets(let secrets): write(.tokenSecrets(secrets), .none, &actions)
        case .drawTokenSecret:
            let bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: actions.generator.next()) }
            answer(.tokenSecretDrawn(bytes), after: .zero, &actions)
        case .saveContacts(let contacts, _): storage.contacts = contacts
        case .listDueKeys(let id, let limit):
            let due = storage.dueKeys(at: actions.now + offset, limit: limit)
            answer(.dueKeysListed(id, due).moved(by: .zero - offset), after: settings.readTime, &actions)
        case .loadRepublishable(let id, let targets):
            let values = storage.republishable(targets, at: actions.now + offset)
            answer(.republishableLoaded(id, values).moved(by: .zero - offset), after: settings.readTime, &actions)
        case .refresh(let change): write(.refresh(change), .none, &actions)
        case .noteRepublication(let result): storage.note(result, at: actions.now + offset)
        case .saveJobs(let jobs): storage.jobs = jobs
        case .emit(.commandCompleted(let id, let outcome)): actions.completions.append((id, outcome))
        case .emit, .callLocalNetwork: return
        }
    }

    private func send(_ message: Message, to address: Address, _ actions: inout Actions) {
        if let pong = hearsay.answer(to: message, at: address) { return answer(pong, after: .zero, &actions) }
        let isNarrow = settings.sabotage.contains(.narrowNumbers)
        let bytes = identity.packet(isNarrow ? numbers.narrow(message) : message)
        guard !work(.send(bytes, to: address), taking: \.send, in: lane, at: actions.now) else { return }
        actions.send(bytes, to: address)
        if settings.sabotage.contains(.ignoresLimits) {
            for _ in 0..<3 { actions.send(bytes, to: address) }
        }
    }

    private func commit(_ change: StoreChange, _ id: WorkID, _ actions: inout Actions) {
        guard settings.sabotage.contains(.acknowledgesEarly) else {
            return write(.store(change), .node(id), &actions)
        }
        write(.store(change), .none, &actions)
        answer(.commitCompleted(id, .held), after: .zero, &actions)
    }
}
