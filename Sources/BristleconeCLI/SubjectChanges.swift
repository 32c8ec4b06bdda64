internal import Bristlecone
internal import Console
internal import HTTPAPI

// What the commands about pins and those about blocks share.

extension ClientOptions {
    /// Adds or removes pins or blocks, in as many requests as it takes.
    func change(
        _ operation: Operation<Nothing, SubjectChange, SubjectChangeReport>, adding: [KeepSubject] = [],
        removing: [KeepSubject] = []
    ) async throws -> SubjectChangeReport {
        var total = SubjectChangeReport(added: 0, removed: 0, unchanged: 0)
        try await Parts.forEach(of: adding + removing) { part in
            let change = adding.isEmpty ? SubjectChange(remove: Array(part)) : SubjectChange(add: Array(part))
            let report = try await call(operation, change)
            total.added += report.added
            total.removed += report.removed
            total.unchanged += report.unchanged
        }
        return total
    }
}

extension SubjectChangeReport {
    /// What adding came to, for people.
    func added(_ subjects: [KeepSubject], _ verb: String, _ already: String, on terminal: Terminal) -> String {
        let names = subjects.text(on: terminal)
        guard subjects.count > 1 else { return "\(added > 0 ? terminal.good(verb) : already): \(names)" }
        return "\(terminal.good(verb)): \(names), \(added) of them new."
    }

    /// What removing came to, for people.
    func removed(_ subjects: [KeepSubject], _ verb: String, _ otherwise: String, on terminal: Terminal) -> String {
        let names = subjects.text(on: terminal)
        let head = "\(terminal.good(verb)): "
        guard subjects.count > 1 else { return head + names }
        guard unchanged > 0 else { return "\(head)\(names)." }
        return "\(head)\(removed) of \(names); \(unchanged) \(unchanged == 1 ? "was" : "were") \(otherwise)."
    }
}
