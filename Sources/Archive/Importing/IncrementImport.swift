package import IPv8

extension Archive {
    /// The number of items whose signatures are checked at once.
    private static let vettedItems = 4096

    /// Imports an increment whole, or not at all.
    ///
    /// - Parameters:
    ///   - input: the increment; it can be read again from its beginning.
    ///   - check: of the same increment.
    ///   - itemsMax: how many items it may have, because other writers wait meanwhile; `nil` if there is no bound.
    ///   - report: called now and then as long as nothing has been changed. The import ends with what it throws.
    package func importIncrement(
        _ input: DumpInput, _ check: DumpCheck, threads: Int, itemsMax: Int? = nil, at now: Instant,
        report: () throws -> Void = {}
    ) throws -> IncrementResult {
        if let refusal = try refusal(of: check.header) {
            // An import that was killed after its commit may have left the forgotten keys in the journal.
            if case .applied = refusal {
                try forgetInJournal(Archive.forgottenHashes(input, threads: threads, report), at: now)
            }
            throw refusal
        }
        guard check.seal.leftOut == 0 else { throw IncrementRefusal.incomplete }
        if let itemsMax, check.seal.items > itemsMax {
            throw IncrementRefusal.tooLong(items: check.seal.items, max: itemsMax)
        }
        let hashes = try Archive.forgottenHashes(input, threads: threads, report)
        try input.rewind()
        var source = try ItemSource(input)
        return try apply(check.header, forgotten: hashes, at: now) {
            let item = try source.next()
            guard item != nil || source.seal == check.seal else { throw IncrementRefusal.altered }
            return item
        }
    }

    /// Checks all signatures before anything is changed. Returns the hashes of the forgotten items.
    private static func forgottenHashes(
        _ input: DumpInput, threads: Int, _ report: () throws -> Void
    ) throws -> Set<Digest256> {
        let verifier = SignatureVerifier()
        var hashes: Set<Digest256> = []
        try input.rewind()
        var source = try ItemSource(input)
        while true {
            var items: [DumpItem] = []
            while items.count < vettedItems, let item = try source.next() { items.append(item) }
            guard !items.isEmpty else { return hashes }
            try report()
            for item in items where item.state == .forgotten {
                if let hash = Digest256(bytes: item.key) { hashes.insert(hash) }
            }
            let vetted = vet(items, from: source.leafCount - items.count, threads: threads, verifier)
            guard let (item, refusal) = vetted.firstRefusal else { continue }
            let what = refusal == .signature ? "a wrong signature" : "a contradiction"
            throw IncrementRefusal.badItem("\(what) in a \(item.kind.name) under \(ItemWords(item).key)")
        }
    }
}
