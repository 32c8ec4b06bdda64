import IPv8

@testable import Archive

/// What the archive ought to do where there is room for everything, in dictionaries.
struct KeepingModel {
    struct Value: Equatable {
        var entry: Entry
        var expiresAt: Instant
        var isPublished: Bool
        var version: UInt32 { entry.signature?.version.number ?? 0 }
    }

    struct Place: Hashable {
        var target: Target
        var id: EntryID
    }

    var window: [Place: Value] = [:]
    var retained: [Place: Value] = [:]
    var floors: [Place: UInt32] = [:]
    var history: [Place: [Entry]] = [:]
    var evidence: Set<Place> = []
    var pins: Set<ArchiveSubject> = []
    var blocks: Set<ArchiveSubject> = []
    let retention: Retention

    mutating func store(
        _ entry: Entry, _ target: Target, expiresAt: Instant, isPublished: Bool, isFromSigner: Bool, at now: Instant
    ) -> StoreOutcome {
        let place = Place(target: target, id: entry.id)
        let offer = Value(entry: entry, expiresAt: expiresAt, isPublished: isPublished)
        guard subjects(of: place, entry).isDisjoint(with: blocks) else { return .refused(.blocked) }
        guard var held = window[place] ?? retained[place] else {
            if let floor = floors[place], offer.version < floor { return .superseded }
            floors[place] = nil
            window[place] = offer
            return .stored
        }
        if offer.version < held.version { return .superseded }
        if offer.version == held.version, offer.entry.data == held.entry.data {
            let isServed = window[place] != nil
            let longer = max(held.expiresAt, expiresAt)
            let isWorthIt = longer - held.expiresAt >= .seconds(60) || (held.expiresAt <= now && longer > now)
            guard !isServed || isWorthIt || (isPublished && !held.isPublished) else { return .refreshed }
            held.expiresAt = longer
            held.isPublished = held.isPublished || isPublished
            retained[place] = nil
            window[place] = held
            return .refreshed
        }
        if offer.version == held.version {
            evidence.insert(place)
            guard isPublished || isFromSigner else { return .kept }
        }
        history[place, default: []].append(held.entry)
        retained[place] = nil
        window[place] = offer
        return .replaced
    }

    mutating func sweep(at now: Instant) {
        for (place, value) in window where value.expiresAt + .seconds(3600) <= now {
            window[place] = nil
            retained[place] = value
        }
        for (place, value) in retained where retention.isOver(reason(place, value), expiresAt: value.expiresAt, at: now)
        {
            retained[place] = nil
            guard value.entry.signature != nil else { continue }
            floors[place] = value.version
            history[place] = nil
        }
    }

    mutating func forget(_ subject: ArchiveSubject, block: Bool) {
        let isMeant = { (place: Place) in
            switch subject {
            case .key(let target): place.target == target
            case .signer(let mid): place.id.bits == mid.bits
            }
        }
        window = window.filter { !isMeant($0.key) }
        retained = retained.filter { !isMeant($0.key) }
        floors = floors.filter { !isMeant($0.key) }
        history = history.filter { !isMeant($0.key) }
        evidence = evidence.filter { !isMeant($0) }
        pins.remove(subject)
        if block { blocks.insert(subject) }
    }

    private func subjects(of place: Place, _ entry: Entry) -> Set<ArchiveSubject> {
        Set([.key(place.target)] + (entry.signature.map { [.signer($0.signer.mid)] } ?? []))
    }

    private func reason(_ place: Place, _ value: Value) -> Retention.Reason {
        if !subjects(of: place, value.entry).isDisjoint(with: pins) { return .pinned }
        if value.isPublished { return .publishedHere }
        return value.entry.signature == nil ? .unsigned : .signed
    }
}
