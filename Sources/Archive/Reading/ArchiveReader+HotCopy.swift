internal import Glibc
internal import SystemPackage

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
            throw .notCopied(path: temporaryFolder, reason: "\(Errno.last)")
        }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = folder + "/archive.mdb"
        // LMDB has the file open by then, and needs its name no more.
        defer {
            unlink(path)
            rmdir(folder)
        }
        try FileCopy.create(path) { [environment] (descriptor) throws(ArchiveError) in
            try environment.copy(toDescriptor: descriptor)
        }
        return try ArchiveReader.open(folder: folder)
    }
}
