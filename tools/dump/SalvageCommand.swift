internal import Archive
internal import ArgumentParser
internal import Console
internal import Glibc
internal import IPv8
internal import Platform

/// `bristlecone-dump salvage`
struct SalvageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "salvage",
        abstract: "Save the intact part of a damaged dump, and report exactly what is lost.",
        discussion: """
            A dump has a checksum for each block of up to 64 KiB. This command finds every intact block, even after \
            damaged, missing or extra bytes, and writes the items as a new dump, which import accepts. The new dump \
            says that it was salvaged, and so does every proof from it. It has a new root and no signature; signed \
            values keep their own signatures.

            For each damaged place the report names the bytes, the blocks, and the items before and after it. The end \
            of the dump tells how many items are missing; if the end is lost too, the report says so. The exit status \
            is 0 if the dump is whole (then nothing is written), 1 if something is lost, and 2 if nothing can be \
            saved.

            For example:

              bristlecone-dump salvage damaged.dump --output salvaged.dump
              bristlecone-dump import salvaged.dump ./data
            """)

    @Argument(help: ArgumentHelp("The damaged dump; - is standard input.", valueName: "dump"))
    var dump: String

    @Option(name: .shortAndLong, help: "The file to write; - is standard output.")
    var output: String

    @Flag(help: "Print the answer as JSON.")
    var json = false

    mutating func run() throws {
        let name = InputFile.name(dump)
        let input = try InputFile.open(dump)
        try refuseWhatIsNoDamagedDump(input, named: name)
        let file = try OutputFile(output, readingFrom: nil)
        do {
            var salvage = try DumpSalvage(input)
            var salvaged = salvage.header ?? DumpHeader()
            (salvaged.isSalvaged, salvaged.format) = (true, DumpHeader.format)
            var writer = try DumpWriter(salvaged) { try file.write($0) }
            var progress = ProgressLine()
            while let item = try salvage.next() {
                try writer.add(item)
                guard salvage.itemCount.isMultiple(of: 4096) else { continue }
                progress.show("reading \(dump): \(Words.space(input.offset)) of \(Words.space(input.byteCount))")
            }
            progress.end()
            let lostEarlier = salvage.seal?.leftOut ?? 0
            let seal = try writer.finish(leftOut: (salvage.missingItems ?? 0) + lostEarlier)
            let report = SalvageReport(dump: dump, output: output, salvage, seal)
            if report.isWhole { file.abandon() } else { try file.finish() }
            try tell(report, isBeside: file.isStandardOutput)
        } catch let error as DumpError {
            file.abandon()
            throw FileFailure(name, error)
        } catch {
            if !(error is ExitCode) { file.abandon() }
            throw error
        }
    }

    /// Lines of text have no blocks; and the damaged dump must outlive its salvage, which may not be the last attempt.
    private func refuseWhatIsNoDamagedDump(_ input: DumpInput, named name: String) throws(FileFailure) {
        let start: [UInt8]
        do {
            start = Array(try input.peek(8))
        } catch {
            throw FileFailure(name, error)
        }
        if start == Array("{\"kind\":".utf8) || start.starts(with: "kind,".utf8) {
            throw FileFailure(
                name,
                "contains lines of text, which need no salvage: delete the line that import names, and import the rest with "
                    + "--unsealed.")
        }
        if dump != "-", output != "-", let source = FileIdentity(path: dump), source == FileIdentity(path: output) {
            throw FileFailure(name, "is the damaged dump itself: write to another file.")
        }
    }

    /// On standard error if the dump goes to standard output.
    private func tell(_ report: SalvageReport, isBeside: Bool) throws {
        let text = json ? try JSONText.encode(report) : report.text()
        if isBeside { Output.complainLines(text) } else { try Output.answer(text) }
        if !report.isWhole { throw ExitCode(DumpFailure.found) }
    }
}

/// The result of `salvage`; its JSON has the same names, in snake case.
struct SalvageReport: Encodable {
    var dump: String
    /// `nil` if nothing is lost and so nothing was written.
    var output: String?
    var root: String?
    /// Items that were saved.
    var salvaged: Int
    /// Items that are lost; `nil` if the end of the dump, which counts them, is lost.
    var lost: Int?
    var headerLost: Bool
    var endLost: Bool
    var losses: [Loss]

    struct Loss: Encodable {
        /// From which byte to which: the second is that of the next intact block.
        var fromByte, toByte: Int
        /// `nil` if the rest of the dump is lost.
        var firstBlock, lastBlock: Int?
        /// The items before and behind.
        var after, before: String?

        private enum CodingKeys: CodingKey {
            case fromByte, toByte, firstBlock, lastBlock, after, before
        }

        init(_ loss: DumpSalvage.Loss) {
            (fromByte, toByte) = (loss.bytes.lowerBound, loss.bytes.upperBound)
            if let blocks = loss.blocks, !blocks.isEmpty {
                (firstBlock, lastBlock) = (blocks.lowerBound, blocks.upperBound - 1)
            }
            after = loss.after.map { Loss.words($0) }
            before = loss.before.map { Loss.words($0) }
        }

        private static func words(_ item: DumpItem) -> String {
            let words = ItemWords(item)
            return "\(item.kind.name) \(words.key)" + (words.id.isEmpty || words.id == words.key ? "" : " \(words.id)")
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(fromByte, forKey: .fromByte)
            try container.encode(toByte, forKey: .toByte)
            try container.encode(firstBlock, forKey: .firstBlock)
            try container.encode(lastBlock, forKey: .lastBlock)
            try container.encode(after, forKey: .after)
            try container.encode(before, forKey: .before)
        }

        /// `block 3, bytes 131,200 to 196,777: after value …, before value …`
        var text: String {
            let blocks =
                switch (firstBlock, lastBlock) {
                case (let first?, let last?) where first == last: "block \(first), "
                case (let first?, let last?): "blocks \(first) to \(last), "
                default: after == nil || before != nil ? "" : "the rest, "
                }
            let place = "after \(after ?? "the beginning"), before \(before ?? "the end")"
            return "\(blocks)bytes \(fromByte) to \(toByte): \(place)"
        }
    }

    private enum CodingKeys: CodingKey {
        case dump, output, root, salvaged, lost, headerLost, endLost, losses
    }

    init(dump: String, output: String, _ salvage: DumpSalvage, _ seal: DumpSeal) {
        self.dump = dump
        salvaged = salvage.itemCount
        lost = salvage.missingItems
        headerLost = salvage.header == nil
        endLost = salvage.seal == nil
        losses = salvage.losses.map { Loss($0) }
        if !isWhole { (self.output, root) = (output, seal.root.description) }
    }

    var isWhole: Bool { losses.isEmpty && lost == 0 }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dump, forKey: .dump)
        try container.encode(output, forKey: .output)
        try container.encode(root, forKey: .root)
        try container.encode(salvaged, forKey: .salvaged)
        try container.encode(lost, forKey: .lost)
        try container.encode(headerLost, forKey: .headerLost)
        try container.encode(endLost, forKey: .endLost)
        try container.encode(losses, forKey: .losses)
    }

    /// The answer for people.
    func text() -> String {
        guard let output else {
            return
                "\(SafeText.line(InputFile.name(dump))) is whole: \(Words.count(salvaged, "item")). Nothing was written."
        }
        let place = output == "-" ? "" : " to \(SafeText.line(output))"
        let missing =
            lost.map { "\(Words.count($0, "item")) \($0 == 1 ? "is" : "are") lost" }
            ?? "the number of lost items is unknown, because the end of the dump is lost"
        var lines = ["Salvaged \(Words.count(salvaged, "item"))\(place); \(missing)"]
        lines += losses.map { "  lost: \($0.text)" }
        if headerLost {
            lines.append("  The header is lost: nobody knows whether the dump was of a whole archive.")
        }
        if let root { lines.append("  root \(root)") }
        return lines.joined(separator: "\n")
    }
}
