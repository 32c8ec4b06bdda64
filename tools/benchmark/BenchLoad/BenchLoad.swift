import FoundationEssentials
@preconcurrency import Glibc
import IPv8

/// The load generator of `tools/bench`.
///
///     BenchLoad run    reads its instructions as a line of JSON, loads nodes, writes a line of JSON for each result
///     BenchLoad echo   answers requests without looking at them: what is left is what the generator and the system cost
///
/// One thread sends and receives. Everything that is sent is signed before the clock starts, and answers are looked at
/// afterwards, so the generator costs little beside the node. It talks to nodes on this machine only.
@main
enum BenchLoad {
    static func main() {
        // Results go to a pipe, line by line.
        setvbuf(stdout, nil, _IOLBF, 0)
        do {
            try perform()
        } catch {
            fputs("BenchLoad: \(error)\n", stderr)
            exit(1)
        }
    }

    private static func perform() throws {
        switch CommandLine.arguments.dropFirst().first {
        case "run":
            Clocks.wakeOnTime()
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let line = readLine() ?? ""
            try Benchmark(decoder.decode(Instructions.self, from: Data(line.utf8))).run()
        case "echo":
            try Echo().run()
        default:
            print("BenchLoad is a part of tools/bench: it takes run or echo.")
            exit(64)
        }
    }
}

/// What went wrong, as a sentence.
struct BenchError: Error, CustomStringConvertible {
    let description: String
}
