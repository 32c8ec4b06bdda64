internal import Glibc

extension LMDBEnvironment {
    /// Writes a copy of the file as of now to a file that is open for writing, while others go on reading and writing.
    ///
    /// What is freed meanwhile is not used again before the copy is complete.
    ///
    /// - Parameter isStopped: asked now and then whether to give up.
    /// - Returns: LMDB's code, or the system's; `ECANCELED` where it was given up.
    func copy(toDescriptor descriptor: Int32, unless isStopped: () -> Bool) throws(ArchiveError) -> Int32 {
        for _ in 0..<SnapshotCopy.attemptsMax {
            let code = try read { (transaction) throws(ArchiveError) in
                try SnapshotCopy.write(of: handle, transaction, to: descriptor, unless: isStopped)
            }
            if let code { return code }
        }
        return EAGAIN
    }
}
