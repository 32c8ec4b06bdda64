import Foundation

/// A folder for one test, deleted with this value.
final class ScratchFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "platform-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
