internal import Archive
internal import IPv8

/// Messages from the child that checks the archive to its parent, one JSON object per line.
enum VerifyEvent: Codable, Equatable {
    case progress(WalkProgress)
    case finding(Finding)
    case end(WalkEnd)
    case repaired(RepairSummary)
}

/// How far the walk is.
struct WalkProgress: Codable, Equatable {
    var table: String
    var checked: Int
    var total: Int

    init(_ progress: VerifyProgress) {
        table = progress.table
        checked = progress.checked
        total = progress.total
    }
}

/// Something that is wrong.
struct Finding: Codable, Equatable {
    var table: String
    /// Hexadecimal digits.
    var key: String
    var fault: String

    init(_ finding: VerifyFinding) {
        table = finding.table
        key = Hex.encode(finding.key)
        fault = finding.fault
    }

    init(table: String, key: String, fault: String) {
        self.table = table
        self.key = key
        self.fault = fault
    }
}

/// The result of a complete check.
struct WalkEnd: Codable, Equatable {
    var tables: [Table]
    var signatures: Int
    var quarantined: Int
    var indexNotCompared: String?
    /// LMDB's pages that were looked over.
    var pages: Int?
    var seconds: Double
    /// Signatures a second of the library that checks them, alone.
    var bareSignatureRate: Double?

    struct Table: Codable, Equatable {
        var name: String
        var records: Int
    }

    init(_ report: VerifyReport) {
        tables = report.tables.map { Table(name: $0.name, records: $0.records) }
        signatures = report.signatures
        quarantined = report.quarantined
        indexNotCompared = report.indexNotComparedBecause
        pages = report.pagesChecked
        seconds = Double(report.duration.nanoseconds) / 1e9
        bareSignatureRate = report.bareSignaturesPerSecond
    }
}
