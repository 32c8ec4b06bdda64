internal import Archive
internal import IPv8
internal import Platform
internal import SystemPackage

/// A data folder that a restore moved aside.
package struct OldData: Sendable, Equatable, Encodable {
    package var folder: String
    package var moved: Instant
    /// Bytes of its files on the disk.
    package var bytes: Int
}

extension Backup {
    /// The folders that restores of a data folder have moved aside, oldest first.
    package static func oldData(of dataFolder: String) throws(BackupError) -> [OldData] {
        let folder = FolderPath(dataFolder).resolved
        let names: [String]
        do { names = try OpenFolder(folder.parent.text).names() } catch {
            throw .notRead(path: folder.parent.text, reason: error.reason)
        }
        let prefix = folder.name + OldDataFolder.asideSuffix
        let found = names.compactMap { name -> OldData? in
            let path = "\(folder.parent.text)/\(name)"
            guard name.hasPrefix(prefix), let moved = moment(in: name.dropFirst(prefix.count)),
                (try? FileStatus.of(path, followsLinks: false))?.isFolder == true
            else { return nil }
            return OldData(folder: path, moved: moved, bytes: bytesOnDisk(of: path))
        }
        return found.sorted { ($0.moved, $0.folder) < ($1.moved, $1.folder) }
    }

    /// Deletes a folder that a restore moved aside. One that a node runs in, or that holds other files, is left alone.
    package static func delete(_ old: OldData) throws(BackupError) {
        let path = FolderPath(old.folder)
        guard !DataFolder.isInUse(old.folder) else {
            throw .notDeleted(path: old.folder, reason: "a process is using it")
        }
        let names = (try? OpenFolder(path.text).names()) ?? []
        if let foreign = names.first(where: { !OldDataFolder.isOurs($0) }) {
            throw .notDeleted(path: old.folder, reason: "it holds \(quoted(foreign))")
        }
        do {
            let folder = try OpenFolder(path.text)
            for name in names { try folder.remove(name) }
            try path.removeEmpty()
        } catch {
            throw .notDeleted(path: old.folder, reason: error.reason)
        }
    }

    private static func bytesOnDisk(of folder: String) -> Int {
        let names = (try? OpenFolder(folder).names()) ?? []
        return names.reduce(0) { $0 + ((try? FileStatus.of("\(folder)/\($1)"))?.bytesOnDisk ?? 0) }
    }

    /// The time in a name such as `20260203T120000Z`, behind which a number may stand.
    private static func moment(in suffix: Substring) -> Instant? {
        let digits = Array(suffix.prefix(16))
        guard digits.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Instant(
            rfc3339: "\(part(0..<4))-\(part(4..<6))-\(part(6..<11)):\(part(11..<13)):\(part(13..<16))")
    }
}
