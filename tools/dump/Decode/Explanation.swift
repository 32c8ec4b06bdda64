internal import Console
internal import IPv8

/// A packet or an entry, explained byte by byte.
struct Explanation {
    /// Which of the two it is taken for.
    enum Kind: String, CaseIterable {
        case packet, entry
    }

    let kind: Kind
    let byteCount: Int
    let fields: [Field]
    /// Where it breaks; `nil` if a node would accept it.
    let fault: DecodeFault?

    init(_ bytes: [UInt8], as kind: Kind) {
        self.kind = kind
        byteCount = bytes.count
        var reader = FieldReader(bytes)
        var broken: DecodeFault?
        do throws(DecodeFault) {
            switch kind {
            case .packet: try reader.packet()
            case .entry: try reader.entry()
            }
        } catch {
            broken = error
            reader.leaveRest(error.reason)
        }
        fields = reader.fields
        fault = broken ?? Explanation.fault(in: reader.fields) ?? Explanation.doubt(bytes, kind)
    }

    /// How to read bytes: as a packet if they begin like one or are too many for an entry.
    static func kind(of bytes: [UInt8]) -> Kind {
        let isPacket = bytes.starts(with: Packet.prefix) || bytes.count > Entry.byteCountMax
        return isPacket ? .packet : .entry
    }

    /// A wrong signature. What is wrong within a value makes the value none, not the packet.
    private static func fault(in fields: [Field]) -> DecodeFault? {
        fields.first { $0.depth == 0 && $0.fault != nil && $0.name == "signature" }
            .map { DecodeFault(offset: $0.offset, reason: $0.fault ?? "") }
    }

    /// A fault that only the node's own reader finds.
    private static func doubt(_ bytes: [UInt8], _ kind: Kind) -> DecodeFault? {
        do {
            switch kind {
            case .packet: _ = try Packet(decoding: bytes)
            case .entry: _ = try Entry(bytes: bytes)
            }
            return nil
        } catch {
            return DecodeFault(offset: 0, reason: "a node does not accept it (\(error))")
        }
    }

    /// The answer for programs.
    var json: JSON {
        .object([
            "kind": .string(kind.rawValue), "bytes": JSON(byteCount), "valid": .bool(fault == nil),
            "fault": fault.map { .object(["offset": JSON($0.offset), "reason": .string($0.reason)]) } ?? .null,
            "fields": .array(
                fields.map { field in
                    .object([
                        "offset": JSON(field.offset), "length": JSON(field.bytes.count), "name": .string(field.name),
                        "meaning": .string(field.meaning), "hex": .string(Hex.encode(field.bytes)),
                        "depth": JSON(field.depth), "fault": JSON(field.fault),
                    ])
                }),
        ])
    }

    /// The answer for people.
    func text(on terminal: Terminal) -> String {
        let table = ColumnTable(
            [
                .init("offset", 6, isRight: true), .init("length", 6, isRight: true), .init("field", 30),
                .init("meaning", 40), .init("bytes", 0),
            ], on: terminal)
        let head = "\(kind == .packet ? "Packet" : "Entry") of \(Words.count(byteCount, "byte"))"
        return ([terminal.strong(head), "", table.header] + fields.map { table.row(cells($0, on: terminal)) })
            .joined(separator: "\n") + "\n\n" + verdict(on: terminal)
    }

    private func cells(_ field: Field, on terminal: Terminal) -> [ColumnTable.Cell] {
        let name = String(repeating: "  ", count: field.depth) + field.name
        // Faults of the whole are reported once, below.
        let said = field.fault == fault?.reason ? nil : field.fault
        let meaning = said.map { $0 == field.meaning || field.meaning.isEmpty ? $0 : "\(field.meaning): \($0)" }
        return [
            .faint("\(field.offset)"), .faint("\(field.bytes.count)"),
            field.fault == nil ? .init(name) : .bad(name),
            meaning.map { .bad($0) } ?? .init(field.meaning), .faint(Hex.encode(field.bytes)),
        ]
    }

    private func verdict(on terminal: Terminal) -> String {
        guard let fault else {
            let signature = fields.contains { $0.depth == 0 && $0.name == "signature" }
            return "\(terminal.good("Valid")): every field fits"
                + (signature ? ", and so does the signature." : ", and there is no signature.")
        }
        return "\(terminal.bad("Invalid")) at byte \(fault.offset): \(fault.reason)."
    }
}
