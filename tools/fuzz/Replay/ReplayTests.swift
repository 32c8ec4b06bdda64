import Foundation
import Synchronization
import Testing

/// Runs the fuzz targets on earlier inputs, without a sanitizer.
@Suite struct ReplayTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// Inputs that together reach all the code that the fuzzer has reached.
    @Test(arguments: FuzzTarget.allCases)
    func corpusHoldsNoViolation(target: FuzzTarget) throws {
        let inputs = try corpus(of: target)
        #expect(inputs.count > 10)
        for (number, input) in inputs.enumerated() {
            #expect(throws: Never.self, "input \(number) of \(target.rawValue)") { try target.run(input) }
        }
    }

    /// Inputs that failed once, in files whose names say what was wrong.
    @Test(arguments: FuzzTarget.allCases)
    func whatFailedOnceStaysMended(target: FuzzTarget) throws {
        let folder = Self.folder.appending(path: "regressions/\(target.rawValue)")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names.sorted() {
            let input = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            #expect(throws: Never.self, "\(name)") { try target.run(input) }
        }
    }

    /// The two tests above run at the same time, in one process, and a target has files of its own.
    @Test(arguments: FuzzTarget.allCases)
    func runsDoNotDisturbEachOther(target: FuzzTarget) throws {
        let inputs = try corpus(of: target).prefix(8)
        let violations = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 2 * inputs.count) { run in
            do {
                try target.run(inputs[run % inputs.count])
            } catch {
                violations.withLock { $0.append("\(error)") }
            }
        }
        #expect(violations.withLock { $0 } == [])
    }

    private func corpus(of target: FuzzTarget) throws -> [[UInt8]] {
        let file = Self.folder.appending(path: "corpora/\(target.rawValue).corpus")
        return try #require(Corpus.unpack([UInt8](try Data(contentsOf: file))), "the corpus is damaged")
    }
}

/// Many inputs in one file: `length 4 | input`, one after the other.
enum Corpus {
    /// The inputs; `nil` if the file is cut off.
    static func unpack(_ packed: [UInt8]) -> [[UInt8]]? {
        var inputs: [[UInt8]] = []
        var rest = packed[...]
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard rest.count >= length else { return nil }
            inputs.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return inputs
    }
}
