internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import Glibc
internal import Platform
internal import SystemPackage

/// The lines of a file, or of standard input. Lines that are blank mean nothing.
struct LineList {
    /// A line that is not empty.
    struct Line {
        /// Counted from 1, with the empty ones.
        let number: Int
        let text: String
    }

    let name: String
    let lines: [Line]

    /// The longest list. A line of a store has up to 400 bytes.
    private static let bytesMax = 512 << 20
    /// How many bad lines are told.
    private static let faultsMax = 10

    /// - Parameter path: of the file; `-` for standard input.
    static func read(_ path: String) throws -> LineList {
        let name = path == "-" ? "standard input" : path
        do throws(Errno) {
            let file =
                path == "-"
                ? OpenFile(owning: try Errno.check { dup(STDIN_FILENO) }) : try OpenFile(path, flags: O_RDONLY)
            guard try !file.status().isFolder else { throw Errno.isDirectory }
            return try LineList(name, try bytes(of: file, name))
        } catch {
            throw CommandFailure(
                message: "The list \(quoted(name)) cannot be read (\(error)): give a file that you can read.")
        }
    }

    private static func bytes(of file: borrowing OpenFile, _ name: String) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try Errno.check { Glibc.read(file.descriptor, &part, part.count) }
            guard count > 0 else { return bytes }
            bytes += part.prefix(count)
            guard bytes.count <= bytesMax else { throw Errno.fileTooLarge }
        }
    }

    init(_ name: String, _ bytes: [UInt8]) throws(Errno) {
        self.name = name
        var lines: [Line] = []
        for (place, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard let text = String(validating: line, as: UTF8.self) else { throw Errno.illegalByteSequence }
            if !text.allSatisfy(\.isWhitespace) { lines.append(Line(number: place + 1, text: text)) }
        }
        self.lines = lines
    }

    /// Makes something of every line, or says which lines are wrong, and how.
    func parse<Item>(_ parse: (String) throws -> Item) throws -> [Item] {
        var items: [Item] = []
        items.reserveCapacity(lines.count)
        var faults: [String] = []
        var faultCount = 0
        for line in lines {
            do {
                items.append(try parse(line.text))
            } catch {
                faultCount += 1
                if faults.count < LineList.faultsMax {
                    faults.append("Line \(line.number): \(LineList.sentence(of: error))")
                }
            }
        }
        guard faultCount == 0 else {
            let more = faultCount > faults.count ? ["\(faultCount - faults.count) more lines are wrong."] : []
            let head = "Nothing was done, because \(name) has \(Words.count(faultCount, "bad line"))."
            throw CommandFailure(message: ([head] + faults + more).joined(separator: " "), status: .usage)
        }
        guard !items.isEmpty else {
            throw CommandFailure(message: "Nothing was done, because \(name) has no lines.", status: .usage)
        }
        return items
    }

    private static func sentence(of error: any Error) -> String {
        (error as? ValidationError)?.message ?? (error as? CommandFailure)?.message ?? "\(error)"
    }
}

/// Sends a long list to the node in several requests, with a progress line.
enum Parts {
    /// How many items go into one request.
    static let size = 5000

    /// Does something with each part. If one fails, says how much was done before it.
    static func forEach<Item>(of items: [Item], _ body: (ArraySlice<Item>) async throws -> Void) async throws {
        var progress = ProgressLine()
        for start in stride(from: 0, to: items.count, by: size) {
            do {
                try await body(items[start..<min(start + size, items.count)])
            } catch {
                progress.end()
                if start > 0 {
                    Output.complain(
                        "bristlecone: The first \(start) of \(items.count) were done before this went wrong:")
                }
                throw error
            }
            progress.show("\(min(start + size, items.count)) of \(items.count) done")
        }
        progress.end()
    }
}
