internal import IPv8
internal import Kademlia
internal import Maintenance

// The core and the archive have two times: see `NodeClock`. Whoever runs a core moves the times in its effects forward by
// the clock's offset, and those in its inputs back.

extension Effect {
    /// The effect with all its times moved.
    ///
    /// - Parameter offset: evaluated only if the effect has times; most effects have none.
    package func moved(by offset: @autoclosure () -> Duration) -> Effect {
        switch self {
        case .commit(let id, let change): .commit(id, change.moved(by: offset()))
        case .refresh(let change): .refresh(change.moved(by: offset()))
        case .noteRepublication(let result): .noteRepublication(result.moved(by: offset()))
        case .saveJobs(let jobs): .saveJobs(jobs.map { [offset = offset()] in $0.moved(by: offset) })
        case .saveTokenSecrets(let secrets):
            .saveTokenSecrets(secrets.map { [offset = offset()] in $0.moved(by: offset) })
        case .saveContacts(let contacts, let buckets):
            .saveContacts(
                contacts.map { [offset = offset()] in $0.moved(by: offset) },
                buckets: buckets.map { [offset = offset()] in $0.moved(by: offset) })
        case .send, .verify, .load, .listDueKeys, .loadRepublishable, .drawTokenSecret, .callLocalNetwork, .emit: self
        }
    }
}

extension Input {
    /// The input with all its times moved.
    package func moved(by offset: Duration) -> Input {
        switch self {
        case .dueKeysListed(let id, let keys): .dueKeysListed(id, keys.moved(by: offset))
        case .republishableLoaded(let id, let targets):
            .republishableLoaded(id, targets.map { $0.moved(by: offset) })
        case .bansChanged(let bans):
            .bansChanged(bans.map { Ban($0.network, since: $0.since, until: $0.until.map { $0 + offset }) })
        case .datagramReceived, .signaturesChecked, .entriesLoaded, .loadFailed, .commitCompleted, .tokenSecretDrawn,
            .trackersResolved, .commandIssued, .timerFired:
            self
        }
    }
}

extension StoreChange {
    fileprivate func moved(by offset: Duration) -> StoreChange {
        var moved = self
        moved.expiresAt = expiresAt + offset
        return moved
    }
}

extension TokenSecret {
    fileprivate func moved(by offset: Duration) -> TokenSecret {
        TokenSecret(bytes: bytes, drawnAt: drawnAt + offset)
    }
}

extension Contact {
    fileprivate func moved(by offset: Duration) -> Contact {
        var moved = self
        moved.lastResponse = lastResponse + offset
        moved.lastQuery = lastQuery.map { $0 + offset }
        moved.lastPing = lastPing.map { $0 + offset }
        moved.lastFailure = lastFailure.map { $0 + offset }
        return moved
    }
}
