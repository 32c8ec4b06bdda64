internal import CLMDB
internal import Glibc

extension ArchiveReader {
    /// An archive of one state, at rest, which a long walk may take its time over: this one where nobody writes to it, else a
    /// copy that is gone with the value.
    ///
    /// A walk over an archive in use would keep LMDB from using pages again for as long as it takes, or see several states.
    ///
    /// - Parameter temporaryFolder: where there is room for the copy.
    package func atRest(temporaryFolder: String) throws(ArchiveError) -> ArchiveReader {
        guard isInUse else { return self }
        var template = Array((temporaryFolder + "/bristlecone-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .notCopied(path: temporaryFolder, reason: String(cString: strerror(errno)))
        }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = folder + "/archive.mdb"
        // LMDB has the file open by then, and needs its name no more.
        defer {
            unlink(path)
            rmdir(folder)
        }
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .notCopied(path: path, reason: String(cString: strerror(errno))) }
        defer { close(file) }
        let code = try environment.copy(toDescriptor: file)
        guard code == MDB_SUCCESS else { throw .notCopied(path: path, reason: String(cString: mdb_strerror(code))) }
        return try ArchiveReader.open(folder: folder)
    }
}
