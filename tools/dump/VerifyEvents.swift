internal import Archive
internal import IPv8

/// Messages from the child that checks the archive to its parent, one JSON object per line.
enum VerifyEvent: Codable, Equatable {
    case progress(VerifyProgress)
    case finding(Finding)
    case end(WalkEnd)
    case repaired(RepairReport)
}

/// Something that is wrong. Not the archive's own type, because both programs write keys as hexadecimal digits.
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

/// The result of a complete check. The findings came one by one.
struct WalkEnd: Codable, Equatable {
    var tables: [VerifyReport.Table]
    var signatures: Int
    var quarantined: Int
    var indexNotCompared: String?
    /// LMDB's pages that were looked over.
    var pages: Int?
    var seconds: Double
    /// Signatures a second of the library that checks them, alone.
    var bareSignatureRate: Double?

    init(_ report: VerifyReport) {
        tables = report.tables
        signatures = report.signatures
        quarantined = report.quarantined
        indexNotCompared = report.indexNotComparedBecause
        pages = report.pagesChecked
        seconds = Double(report.duration.nanoseconds) / 1e9
        bareSignatureRate = report.bareSignaturesPerSecond
    }
}
