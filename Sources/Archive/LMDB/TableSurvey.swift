/// What a walk over all pages of one snapshot comes to, past LMDB. Unlike a check, it goes on behind a table that is
/// damaged.
struct TableSurvey {
    /// What contradicts itself, and in which table; `nil` if none of them does.
    var faults: [(table: Table?, detail: String)] = []
    var pageCount = 0
    /// Whether everything was walked over: neither time ran out, nor was anything damaged.
    var isComplete = false
}

extension StructureCheck {
    /// Walks over everything.
    ///
    /// - Parameter visit: is shown every record of the tables that are known: its key, how many bytes its value has, and
    ///   the value unless it has pages of its own.
    func survey(
        _ visit: (Table, UnsafeRawBufferPointer, Int, UnsafeRawBufferPointer?) -> Void
    ) throws(ArchiveError) -> TableSurvey {
        var survey = TableSurvey()
        var walk = TreeWalk(file: file, deadline: deadline)
        var found: [(table: Table?, tree: Tree)]?
        try survey.note(nil) { () throws(ArchiveError) in found = try tables(&walk, isRehearsal: false) }
        guard let found else { return survey }
        // Damage above the leaves hides most, so it is sought first where time is short.
        for branchesOnly in deadline == nil ? [false] : [true, false] {
            for (table, tree) in found {
                guard try survey.take(table, tree, branchesOnly: branchesOnly, &walk, visit) else {
                    survey.pageCount = walk.pageCount
                    return survey
                }
            }
        }
        var isDone = survey.faults.isEmpty
        if isDone {
            try survey.note(nil) { () throws(ArchiveError) in isDone = try checkFree(&walk, branchesOnly: false) }
        }
        survey.pageCount = walk.pageCount
        survey.isComplete = isDone && survey.faults.isEmpty
        return survey
    }
}

extension TableSurvey {
    /// Takes note of damage; other errors go on.
    fileprivate mutating func note(
        _ table: Table?, _ body: () throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        do throws(ArchiveError) {
            try body()
        } catch .damaged(_, let detail) {
            faults.append((table, detail))
        }
    }

    /// Walks over a table, unless it was found damaged before; false if time ran out.
    fileprivate mutating func take(
        _ table: Table?, _ tree: Tree, branchesOnly: Bool, _ walk: inout TreeWalk,
        _ visit: (Table, UnsafeRawBufferPointer, Int, UnsafeRawBufferPointer?) -> Void
    ) throws(ArchiveError) -> Bool {
        guard !faults.contains(where: { $0.table == table }) else { return true }
        guard tree.flags == 0 else {
            faults.append((table, "it has impossible flags"))
            return true
        }
        var isDone = true
        do throws(ArchiveError) {
            isDone = try walk.walk(TreeWalk.Plan(tree: tree, branchesOnly: branchesOnly)) {
                (_, key, data) throws(ArchiveError) in
                guard let table else { return true }
                switch data {
                case .inline(let value): visit(table, key, value.count, value)
                case .pages(_, let byteCount): visit(table, key, byteCount, nil)
                }
                return true
            }
        } catch .damaged(_, let detail) {
            faults.append((table, detail))
        }
        return isDone
    }
}
