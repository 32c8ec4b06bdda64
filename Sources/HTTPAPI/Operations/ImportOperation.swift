package import Bristlecone
internal import HTTPTypes
package import IPv8
internal import NIOCore

/// How a dump is to be imported.
package struct ImportParameters: Codable, Sendable, Equatable {
    /// Whether only what signatures prove is taken.
    package var values_only: Bool?
    /// Whether the dump consists of picked or combined lines.
    package var unsealed: Bool?
    /// The mid of the node that has to have signed the dump.
    package var signed_by: Mid?

    package init(_ options: ImportOptions) {
        (values_only, unsealed, signed_by) = (options.valuesOnly, options.unsealed, options.signedBy)
    }

    fileprivate var options: ImportOptions {
        ImportOptions(valuesOnly: values_only ?? false, unsealed: unsealed ?? false, signedBy: signed_by)
    }
}

extension Operations {
    package static let importDump = Operation<ImportParameters, Nothing, ImportReport>(
        streaming: "import", "/import",
        "Imports a dump, lines of JSON or CSV, or an increment, which is the body of the request. The whole of it is checked first.",
        patience: .seconds(24 * 3600),
        audit: { _, _, report in "A dump of \(report.items) items was imported, with the root \(report.root)." }
    ) { api, parameters, body, progress in
        let upload = try api.node.beginImport()
        while let buffer = try await body.next() { try await upload.append(Array(buffer: buffer)) }
        // A client that goes before the end must not leave a dump that is shorter.
        try Task.checkCancellation()
        return try await api.node.importDump(upload, parameters.options) { step in
            progress.report(
                ProgressReport(
                    step: step.kind.rawValue, done: step.done, total: step.total,
                    unit: step.kind == .checking ? "bytes" : "items"))
        }
    }
}
