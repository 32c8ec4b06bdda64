internal import Console
internal import Dispatch
internal import Glibc

/// Tells on standard error how far something is that takes over a second: over and over in one line of a terminal, in a
/// line every half minute elsewhere.
struct ProgressLine {
    private let begun = ContinuousClock.now
    private let isTerminal: Bool
    private var nextShown: Duration
    private var isShown = false

    init() {
        isTerminal = isatty(STDERR_FILENO) == 1
        nextShown = isTerminal ? .seconds(1) : .seconds(30)
    }

    /// Tells, if it is time.
    mutating func tell(_ text: @autoclosure () -> String) {
        let elapsed = ContinuousClock.now - begun
        guard elapsed >= nextShown else { return }
        nextShown = elapsed + (isTerminal ? .milliseconds(500) : .seconds(30))
        isShown = true
        isTerminal ? Output.rewrite(text()) : Output.complain(text())
    }

    /// Leaves an empty line where it was.
    mutating func clear() {
        if isShown, isTerminal { Output.rewrite("") }
        isShown = false
    }

    /// Does something that does not tell how far it is, and tells meanwhile how long it has been.
    static func during<Value, Failure>(
        _ text: String, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let begun = ContinuousClock.now
        let isTerminal = isatty(STDERR_FILENO) == 1
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + (isTerminal ? 1 : 30), repeating: isTerminal ? 0.5 : 30)
        timer.setEventHandler {
            let line = "\(text), \(Words.age(ContinuousClock.now - begun))"
            isTerminal ? Output.rewrite(line) : Output.complain(line)
        }
        timer.resume()
        defer {
            timer.cancel()
            if isTerminal, ContinuousClock.now - begun >= .seconds(1) { Output.rewrite("") }
        }
        return try body()
    }
}
