import FuzzTargets
import Glibc

/// The program that libFuzzer drives. The environment names its target, because libFuzzer uses all arguments itself.
enum Driver {
    static let variable = "BRISTLECONE_FUZZ_TARGET"

    static let target: FuzzTarget = {
        guard let name = getenv(variable).map({ String(cString: $0) }), let target = FuzzTarget(rawValue: name) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            print("Set \(variable) to one of: \(names).")
            exit(64)
        }
        return target
    }()

    /// A violation ends the process, which libFuzzer notices.
    static func run(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        do throws(Violation) {
            try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
        } catch {
            fatalError("VIOLATION: \(error)")
        }
        return 0
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ argumentCount: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// libFuzzer's entry point, by the name that it looks for.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 { Driver.run(start, count) }

/// The entry point that SwiftPM needs.
@_cdecl("Fuzzer_main")
func fuzzerMain(
    _ argumentCount: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    _ = Driver.target
    var argumentCount = argumentCount
    var arguments = arguments
    return runDriver(&argumentCount, &arguments, { Driver.run($0, $1) })
}
