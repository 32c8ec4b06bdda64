internal import Glibc

/// Tells on standard error how far something is that takes longer than a second: a line that is written over on a
/// terminal, a line every half a minute elsewhere.
package struct ProgressLine {
    private let isTerminal: Bool
    private let begun = ContinuousClock.now
    private var nextShown: Duration
    private var hasShown = false

    /// Nothing has been shown yet.
    package init() {
        isTerminal = isatty(STDERR_FILENO) == 1
        nextShown = isTerminal ? .seconds(1) : .seconds(30)
    }

    /// How long it has been going on.
    package var elapsed: Duration { ContinuousClock.now - begun }

    /// Shows a line, if it is time for one.
    package mutating func show(_ text: @autoclosure () -> String) {
        let elapsed = elapsed
        guard elapsed >= nextShown else { return }
        nextShown = elapsed + (isTerminal ? .seconds(1) : .seconds(30))
        hasShown = true
        isTerminal ? Output.rewrite(text()) : Output.complain(text())
    }

    /// Leaves an empty line where progress was.
    package mutating func end() {
        if hasShown, isTerminal { Output.rewrite("") }
        hasShown = false
    }
}
