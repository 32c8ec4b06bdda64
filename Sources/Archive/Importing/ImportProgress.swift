package import IPv8

/// How far an import is: in the table `meta` under `import`, written in the transaction that takes items, and deleted when the
/// import is complete. An interrupted import continues from here.
///
/// Body: `mode 1 | root 32 | next leaf 8`. The highest bit of the mode says that something was refused, the next one that the
/// archive has exactly what the dump has up to there.
package struct ImportProgress: Hashable, Sendable {
    package var mode: ImportMode
    /// The root of the dump.
    package var root: Digest256
    /// The leaf that comes next; 1 is the first item.
    package var nextLeaf: Int
    /// Whether something was refused or in conflict up to there. It might be taken now, and is to be told again if not: such
    /// an import does not go on where it was but begins anew, with all that is held already.
    package var hasRefused: Bool
    /// Whether the archive was empty before, and has taken every item so far.
    package var isExact: Bool

    static let key = "import"
    fileprivate static let refusedFlag: UInt8 = 0x80
    fileprivate static let exactFlag: UInt8 = 0x40
    private static let bodyBytes = 1 + Digest256.byteCount + 8

    package init(mode: ImportMode, root: Digest256, nextLeaf: Int, hasRefused: Bool, isExact: Bool = false) {
        self.mode = mode
        self.root = root
        self.nextLeaf = nextLeaf
        self.hasRefused = hasRefused
        self.isExact = isExact
    }

    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .meta), body.count == ImportProgress.bodyBytes,
            let mode = ImportMode(rawValue: body[0] & ~(ImportProgress.refusedFlag | ImportProgress.exactFlag)),
            let root = Digest256(bytes: body[1..<33])
        else { return nil }
        self.init(
            mode: mode, root: root, nextLeaf: Int(clamping: body.bigEndian(UInt64.self, at: 33)),
            hasRefused: body[0] & ImportProgress.refusedFlag != 0,
            isExact: body[0] & ImportProgress.exactFlag != 0)
    }
}

extension RecordEncoder {
    /// Writes how far an import is.
    mutating func encode(_ progress: ImportProgress) {
        begin(.meta)
        append(raw: ImportProgress.key.utf8)
        endKey()
        let refused = progress.hasRefused ? ImportProgress.refusedFlag : 0
        append(progress.mode.rawValue | refused | (progress.isExact ? ImportProgress.exactFlag : 0))
        append(raw: progress.root.bytes)
        append(UInt64(max(0, progress.nextLeaf)))
    }
}
