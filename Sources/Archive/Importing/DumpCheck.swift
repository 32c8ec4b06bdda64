package import IPv8

/// A dump that was read to its end once and found whole.
package struct DumpCheck: Sendable {
    package let header: DumpHeader
    package let seal: DumpSeal

    private static let itemsPerReport = 4096

    /// Reads a dump from where its input stands to its end.
    ///
    /// - Parameter report: called now and then. The check ends with what it throws.
    package init(_ input: DumpInput, isUnsealed: Bool, report: () throws -> Void) throws {
        var source = try ItemSource(input, isUnsealed: isUnsealed)
        var count = 0
        while try source.next() != nil {
            count += 1
            if count.isMultiple(of: DumpCheck.itemsPerReport) { try report() }
        }
        guard let seal = source.seal else { throw DumpError.notADump }
        guard seal.isAuthentic(accordingTo: SignatureVerifier()) else { throw DumpError.wrongSignature }
        (header, self.seal) = (source.header, seal)
    }

    /// Throws unless a node has signed the dump.
    package func requireSignature(of signer: Mid) throws(DumpError) {
        guard seal.signature?.signer.mid == signer else { throw .notSigned(by: signer) }
    }

    /// What the dump itself says is missing, as the end of a sentence; `nil` if it says nothing.
    package var gaps: String? {
        if header.isSalvaged { return "was salvaged from a damaged dump: what that dump lost is missing here too." }
        guard let leftOut = seal.leftOut, leftOut > 0 else { return nil }
        return "lacks \(leftOut) record\(leftOut == 1 ? "" : "s"), because damaged ones could not be exported."
    }
}
