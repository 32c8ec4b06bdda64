internal import Console
internal import Dispatch
internal import Glibc

extension ProgressLine {
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
