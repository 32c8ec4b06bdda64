internal import Archive
internal import Console
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// A backup whose manifest has been read; its files are checked as they are copied out of it.
struct BackupReader {
    let folder: FolderPath
    let manifest: BackupManifest

    /// Reads a backup's manifest.
    init(_ path: String) throws(BackupError) {
        folder = FolderPath(path)
        let manifestPath = "\(folder.text)/\(BackupManifest.name)"
        let contents: [UInt8]?
        let digest: [UInt8]?
        do {
            let opened = try OpenFolder(folder.text)
            contents = try opened.contents(of: BackupManifest.name, bytesMax: BackupManifest.bytesMax)
            digest = try opened.contents(of: BackupManifest.digestName, bytesMax: BackupManifest.bytesMax)
        } catch {
            throw .notRead(path: folder.text, reason: error.reason)
        }
        guard let contents else { throw .notABackup(path: folder.text) }
        guard let digest else { throw .missingFile(path: "\(folder.text)/\(BackupManifest.digestName)") }
        guard digest == BackupManifest.digestText(of: contents) else { throw .damagedManifest(path: manifestPath) }
        guard let format = try? JSONText.decode(BackupFormat.self, from: contents).format, format > 0 else {
            throw .damagedManifest(path: manifestPath)
        }
        guard format <= BackupManifest.format else { throw .newerFormat(path: folder.text, format: format) }
        guard let manifest = try? JSONText.decode(BackupManifest.self, from: contents) else {
            throw .damagedManifest(path: manifestPath)
        }
        self.manifest = manifest
        let names = manifest.files.map(\.name)
        guard Set(names).count == names.count, names.allSatisfy(BackupManifest.fileNames.contains),
            manifest.requiredNames.allSatisfy(names.contains), manifest.hasPossibleSizes, manifest.dataFolderFormat > 0
        else { throw .damagedManifest(path: manifestPath) }
        guard manifest.dataFolderFormat <= DataFolder.format else {
            throw .newerFormat(path: folder.text, format: manifest.dataFolderFormat)
        }
    }

    /// Copies every file into a folder and syncs it; throws if a file differs from what was backed up.
    ///
    /// - Returns: why the index was left out; `nil` if it was copied or the backup has none. The node rebuilds a missing index.
    func copyFiles(to target: FolderPath) throws(BackupError) -> String? {
        let indexFault = try forEachFile { (file) throws(BackupError) in try copy(file, to: target) }
        do {
            if indexFault != nil { try OpenFolder(target.text).remove("index.sqlite") }
            try target.synchronize()
        } catch {
            throw .notWritten(path: target.text, reason: error.reason)
        }
        return indexFault
    }

    /// Reads every file; throws if one differs from what was backed up.
    ///
    /// - Returns: why the index cannot be used; `nil` if it can or the backup has none. The node rebuilds a missing index.
    func checkFiles() throws(BackupError) -> String? {
        try forEachFile { (file) throws(BackupError) in try read(file) { (_) throws(BackupError) in } }
    }

    private func forEachFile(
        _ body: (BackupManifest.File) throws(BackupError) -> Void
    ) throws(BackupError) -> String? {
        // What is missing or cut off is found before anything large is read.
        for file in manifest.files where !file.isDerivable { try checkLength(of: file) }
        var indexFault: String?
        for file in manifest.files {
            do throws(BackupError) {
                if file.isDerivable { try checkLength(of: file) }
                try body(file)
            } catch {
                guard file.isDerivable, let fault = error.faultOfFile else { throw error }
                indexFault = fault
            }
        }
        return indexFault
    }

    private func checkLength(of file: BackupManifest.File) throws(BackupError) {
        let path = "\(folder.text)/\(file.name)"
        do {
            let status = try OpenFile(path, flags: O_RDONLY | O_NONBLOCK).status()
            guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == file.bytes else {
                throw BackupError.damagedFile(
                    path: path, detail: "it has \(status.st_size) bytes and had \(file.bytes)")
            }
        } catch let error as Errno {
            if error == .noSuchFileOrDirectory { throw .missingFile(path: path) }
            throw .notRead(path: path, reason: error.reason)
        } catch let error as BackupError {
            throw error
        } catch {
            throw .notRead(path: path, reason: "\(error)")
        }
    }

    private func copy(_ file: BackupManifest.File, to target: FolderPath) throws(BackupError) {
        let path = "\(target.text)/\(file.name)"
        do {
            let copy = try OpenFile(creating: path)
            try read(file) { (bytes) throws(BackupError) in
                do throws(Errno) {
                    try copy.write(bytes)
                } catch {
                    throw .notWritten(path: path, reason: error.reason)
                }
            }
            try copy.synchronize()
        } catch let error as BackupError {
            throw error
        } catch {
            throw .notWritten(path: path, reason: (error as? Errno)?.reason ?? "\(error)")
        }
    }

    /// Reads a file from its start to its end; throws if it is not what was backed up.
    private func read(
        _ file: BackupManifest.File, _ take: ([UInt8]) throws(BackupError) -> Void
    ) throws(BackupError) {
        let path = "\(folder.text)/\(file.name)"
        var failure: BackupError?
        let digest: FileDigest
        do throws(Errno) {
            digest = try FileDigest(of: try OpenFile(path, flags: O_RDONLY | O_NONBLOCK)) { (bytes) throws(Errno) in
                do throws(BackupError) {
                    try take(bytes)
                } catch {
                    failure = error
                    throw Errno.canceled
                }
            }
        } catch {
            throw failure ?? .notRead(path: path, reason: error.reason)
        }
        guard digest == FileDigest(bytes: file.bytes, sha256: file.sha256) else {
            throw .damagedFile(path: path, detail: "its SHA-256 is another")
        }
    }
}
