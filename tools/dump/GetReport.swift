internal import Archive
internal import Console
internal import IPv8

/// What `get` answers; its JSON has the same names, in snake case, and `null` for what there is not.
struct GetReport: Encodable {
    var key: String
    var values: [Value]

    struct Value: Encodable {
        var `class`: String
        /// The signer's mid, or the SHA-1 of the unsigned value.
        var id: String
        var damaged: Bool
        /// The application's data, and the whole serialized entry.
        var data: String?
        var entry: String?
        var publicKey: String?
        var version: UInt32?
        var firstSeen: String?
        var lastStored: String?
        var expiresAt: String?
        var expired: Bool?
        var publishedHere: Bool?
        var sender: String?
        var senderAddress: String?
        var verified: Verified?
        fileprivate var record: ArchivedRecord?
        fileprivate var verification: Verification?

        private enum CodingKeys: CodingKey {
            case `class`, id, damaged, data, entry, publicKey, version, firstSeen, lastStored, expiresAt, expired
            case publishedHere, sender, senderAddress, verified
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(`class`, forKey: .class)
            try container.encode(id, forKey: .id)
            try container.encode(damaged, forKey: .damaged)
            try container.encode(data, forKey: .data)
            try container.encode(entry, forKey: .entry)
            try container.encode(publicKey, forKey: .publicKey)
            try container.encode(version, forKey: .version)
            try container.encode(firstSeen, forKey: .firstSeen)
            try container.encode(lastStored, forKey: .lastStored)
            try container.encode(expiresAt, forKey: .expiresAt)
            try container.encode(expired, forKey: .expired)
            try container.encode(publishedHere, forKey: .publishedHere)
            try container.encode(sender, forKey: .sender)
            try container.encode(senderAddress, forKey: .senderAddress)
            try container.encode(verified, forKey: .verified)
        }
    }

    struct Verified: Encodable {
        var algorithm, result, at, by: String
    }

    init(_ held: [HeldValue], of key: Target, at now: Instant) {
        self.key = key.description
        values = held.sorted(by: GetReport.isServedFirst).map { Value($0, at: now) }
    }

    /// By class, and within one the newest version first, of unsigned values that which came last.
    private static func isServedFirst(_ left: HeldValue, _ right: HeldValue) -> Bool {
        rank(left) < rank(right)
    }

    private static func rank(_ value: HeldValue) -> (Int, Int64, EntryID) {
        let place = ["owner", "signed", "unsigned"].firstIndex(of: value.entryClass) ?? 3
        let newness =
            value.record.map { record in
                record.entry.signature.map { Int64($0.version.number) } ?? record.firstSeen.nanoseconds
            } ?? .min + 1
        return (place, -newness, value.id)
    }

    /// The answer for people.
    func text(on terminal: Terminal, at now: Instant) -> String {
        let head = "\(Words.count(values.count, "value")) under \(terminal.strong(terminal.digits(key)))"
        return ([head] + values.map { $0.lines(terminal, now).joined(separator: "\n") }).joined(separator: "\n\n")
    }
}

extension GetReport.Value {
    fileprivate init(_ held: HeldValue, at now: Instant) {
        `class` = held.entryClass
        id = held.id.description
        damaged = held.record == nil
        record = held.record
        verification = held.verification
        guard let record = held.record else { return }
        data = Hex.encode(record.entry.data)
        entry = Hex.encode(record.entry.bytes)
        publicKey = record.entry.signature.map { Hex.encode($0.signer.bytes) }
        version = record.entry.signature?.version.number
        firstSeen = Words.moment(record.firstSeen)
        lastStored = Words.moment(record.lastStored)
        expiresAt = Words.moment(record.expiresAt)
        expired = record.expiresAt <= now
        publishedHere = record.provenance == .publishedHere
        if case .received(let mid, let address) = record.provenance {
            sender = mid.description
            senderAddress = address.description
        }
        verified = held.verification.map {
            GetReport.Verified(algorithm: $0.algorithm, result: $0.result, at: Words.moment($0.at), by: $0.by)
        }
    }

    fileprivate func lines(_ terminal: Terminal, _ now: Instant) -> [String] {
        var table = TextTable()
        guard let record else {
            table.add("record", terminal.bad("damaged"))
            table.add("class", `class`)
            table.add(`class` == "unsigned" ? "SHA-1" : "signer", terminal.digits(id))
            return table.lines()
        }
        table.add("data", Terminal.shown(Array(record.entry.data)))
        table.add("signed", signedText(terminal))
        table.add("first seen", Words.moment(record.firstSeen, at: now))
        table.add("last stored", Words.moment(record.lastStored, at: now))
        let expiry = Words.moment(record.expiresAt, at: now)
        table.add(expired == true ? "expired" : "served until", expired == true ? terminal.faint(expiry) : expiry)
        switch record.provenance {
        case .publishedHere: table.add("from", "this node, which published it")
        case .received(let mid, let address): table.add("from", "\(terminal.digits(mid)) at \(address)")
        }
        if let verification {
            let result = "\(verification.result) (\(verification.algorithm)), "
            let moment = Words.moment(verification.at, at: now)
            table.add(
                "signature",
                (verification.result == "valid" ? terminal.good(result) : terminal.bad(result))
                    + "checked \(moment) by \(verification.by)")
        }
        return table.lines()
    }

    private func signedText(_ terminal: Terminal) -> String {
        guard let version else { return "no" }
        let whose = `class` == "owner" ? ", the key's owner" : ""
        return "by \(terminal.digits(id))\(whose), version \(version)"
    }
}
