internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc

/// Tells on standard error how far a folder is filled, once a second while that takes longer: on a terminal in one line
/// that is written anew, elsewhere in a line of its own every half a minute.
final class CopyProgress: Sendable {
    private let task: Task<Void, Never>

    /// Begins to watch a folder.
    ///
    /// - Parameter bytesExpected: about how many bytes its files will have.
    init(of folder: String, bytesExpected: Int) {
        let isTerminal = isatty(STDERR_FILENO) == 1
        task = Task.detached {
            var seconds = 0
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                seconds += 1
                guard isTerminal || seconds.isMultiple(of: 30) else { continue }
                let copied = CopyProgress.bytes(in: folder)
                let text = "\(Words.space(copied)) of about \(Words.space(max(copied, bytesExpected))) copied"
                isTerminal ? Output.rewrite(text) : Output.complain(text)
            }
            if isTerminal, seconds > 0 { Output.rewrite("") }
        }
    }

    /// Stops telling.
    func end() { task.cancel() }

    /// How much space files take; those that are not there take none.
    static func bytesOnDisk(of names: [String], in folder: String) -> Int {
        names.reduce(0) { sum, name in
            var status = stat()
            return stat("\(folder)/\(name)", &status) == 0 ? sum + Int(status.st_blocks) * 512 : sum
        }
    }

    /// A path without slashes at its end.
    static func withoutSlashes(_ path: String) -> String {
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        return String(rest)
    }

    private static func bytes(in folder: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.reduce(0) { sum, name in
            var status = stat()
            return stat("\(folder)/\(name)", &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }
}
