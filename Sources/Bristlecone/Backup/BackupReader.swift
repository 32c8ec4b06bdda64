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
            BackupManifest.requiredNames.allSatisfy(names.contains)
        else { throw .damagedManifest(path: manifestPath) }
        guard manifest.dataFolderFormat <= DataFolder.format else {
            throw .newerFormat(path: folder.text, format: manifest.dataFolderFormat)
        }
    }

    /// Copies every file into a folder, each on the disk when this returns; throws where one is not what was backed up.
    func copyFiles(to target: FolderPath) throws(BackupError) {
        // What is missing or cut off is found before anything large is copied.
        for file in manifest.files { try checkLength(of: file) }
        for file in manifest.files { try copy(file, to: target) }
        do {
            try target.synchronize()
        } catch {
            throw .notWritten(path: target.text, reason: error.reason)
        }
    }

    private func checkLength(of file: BackupManifest.File) throws(BackupError) {
        let path = "\(folder.text)/\(file.name)"
        do {
            let status = try OpenFile(path, flags: O_RDONLY).status()
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
        let path = "\(folder.text)/\(file.name)"
        let digest: FileDigest
        do {
            let source = try OpenFile(path, flags: O_RDONLY)
            do {
                let copy = try OpenFile(creating: "\(target.text)/\(file.name)")
                digest = try FileDigest(of: source) { (bytes) throws(Errno) in try copy.write(bytes) }
                try copy.synchronize()
            } catch {
                throw BackupError.notWritten(path: "\(target.text)/\(file.name)", reason: error.reason)
            }
        } catch let error as Errno {
            throw .notRead(path: path, reason: error.reason)
        } catch let error as BackupError {
            throw error
        } catch {
            throw .notRead(path: path, reason: "\(error)")
        }
        guard digest == FileDigest(bytes: file.bytes, sha256: file.sha256) else {
            throw .damagedFile(path: path, detail: "its SHA-256 is another")
        }
    }
}
