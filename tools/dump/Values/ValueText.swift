internal import Archive
internal import Console
internal import IPv8

/// A value as a row, as lines, and as JSON.
extension ArchivedValue {
    /// All of it, with the key.
    func json(at now: Instant) -> JSON {
        .object([
            "key": .string(target.description), "class": .string(entryClass.name), "id": .string(id.description),
            "state": .string(state(at: now).rawValue), "damaged": .bool(record == nil),
            "data": JSON(record.map { Hex.encode($0.entry.data) }),
            "entry": JSON(record.map { Hex.encode($0.entry.bytes) }), "bytes": JSON(record?.entry.bytes.count),
            "public_key": JSON(record?.entry.signature.map { Hex.encode($0.signer.bytes) }),
            "version": JSON(record?.entry.signature?.version.number),
            "first_seen": JSON(record.map { Words.moment($0.firstSeen) }),
            "last_stored": JSON(record.map { Words.moment($0.lastStored) }),
            "expires_at": JSON(record.map { Words.moment($0.expiresAt) }),
            "expired": JSON(record.map { $0.expiresAt <= now }), "replaced_at": JSON(replacedAt.map(Words.moment)),
            "published_here": JSON(record.map { $0.provenance == .publishedHere }),
            "withdrawn": JSON(record?.isWithdrawn), "sender": JSON(sender?.mid.description),
            "sender_address": JSON(sender?.address.description),
            "verified": verification.map { $0.json } ?? .null,
        ])
    }

    private var sender: (mid: Mid, address: Address)? {
        guard case .received(let mid, let address)? = record?.provenance else { return nil }
        return (mid, address)
    }

    /// The columns of a listing.
    static func columns(on terminal: Terminal) -> [ColumnTable.Column] {
        let digits = terminal.digitsWidth(40)
        return [
            .init("key", digits), .init("class", 8), .init("state", 8), .init("first seen", terminal.momentWidth),
            .init("served until", terminal.momentWidth), .init("version", 10, isRight: true),
            .init("bytes", 5, isRight: true), .init("signer", digits), .init("data", 0),
        ]
    }

    /// A row of a listing.
    func cells(on terminal: Terminal, at now: Instant) -> [ColumnTable.Cell] {
        let state = state(at: now)
        let mark: ColumnTable.Cell =
            switch state {
            case .served: .good(state.rawValue)
            case .damaged: .bad(state.rawValue)
            case .replaced, .expired, .retained: .faint(state.rawValue)
            }
        let head: [ColumnTable.Cell] = [.strong(terminal.digits(target)), .init(entryClass.name), mark]
        let signer = ColumnTable.Cell(signer.map { terminal.digits($0) } ?? "-")
        guard let record else { return head + [.init("-"), .init("-"), .init("-"), .init("-"), signer, .init("-")] }
        let expiry = terminal.column(record.expiresAt, at: now)
        return head + [
            .init(terminal.column(record.firstSeen, at: now)), state == .served ? .init(expiry) : .faint(expiry),
            .init(record.entry.signature.map { "\($0.version.number)" } ?? "-"), .init("\(record.entry.bytes.count)"),
            signer, .init(Terminal.shown(Array(record.entry.data))),
        ]
    }

    /// All of it in lines, without the key.
    func lines(on terminal: Terminal, at now: Instant) -> [String] {
        var table = TextTable()
        guard let record else {
            table.add("record", terminal.bad("damaged"))
            table.add("class", entryClass.name)
            table.add(entryClass == .unsigned ? "SHA-1" : "signer", terminal.digits(id))
            return table.lines()
        }
        table.add("data", Terminal.shown(Array(record.entry.data)))
        table.add("signed", signedText(record, terminal))
        table.add("first seen", Words.moment(record.firstSeen, at: now))
        table.add("last stored", Words.moment(record.lastStored, at: now))
        let expiry = Words.moment(record.expiresAt, at: now)
        switch state(at: now) {
        case .served: table.add("served until", expiry)
        case .retained: table.add("expired", terminal.faint("\(expiry), and retained"))
        case .expired: table.add("expired", terminal.faint(expiry))
        case .replaced, .damaged: break
        }
        if let replacedAt { table.add("replaced", Words.moment(replacedAt, at: now)) }
        switch record.provenance {
        case .publishedHere:
            table.add("from", "this node, which published it" + (record.isWithdrawn ? " and has withdrawn it" : ""))
        case .received(let mid, let address): table.add("from", "\(terminal.digits(mid)) at \(address)")
        }
        if let verification { table.add("signature", verification.text(on: terminal, at: now)) }
        return table.lines()
    }

    private func signedText(_ record: ArchivedRecord, _ terminal: Terminal) -> String {
        guard let signature = record.entry.signature else { return "no" }
        let whose = entryClass == .owner ? ", the key's owner" : ""
        return "by \(terminal.digits(id))\(whose), version \(signature.version.number)"
    }
}

extension Verification {
    fileprivate var json: JSON {
        .object([
            "algorithm": .string(algorithm), "result": .string(result), "at": .string(Words.moment(at)),
            "by": .string(by),
        ])
    }

    fileprivate func text(on terminal: Terminal, at now: Instant) -> String {
        let verdict = "\(result) (\(algorithm))"
        return (result == "valid" ? terminal.good(verdict) : terminal.bad(verdict))
            + ", checked \(Words.moment(at, at: now)) by \(by)"
    }
}
