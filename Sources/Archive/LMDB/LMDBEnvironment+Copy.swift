internal import Glibc

extension LMDBEnvironment {
    /// Writes a copy of the file as of now to a file that is open for writing, while others go on reading and writing.
    ///
    /// Page for page, free ones too: compacting would follow the tree, where one damaged page may end the process, and
    /// would leave the damage out of the copy in silence. Writers wait while the two meta pages are copied, and no
    /// longer; what they free meanwhile is not used again before the copy is complete.
    ///
    /// - Parameter isStopped: asked now and then whether to give up.
    /// - Returns: LMDB's code, or the system's; `ECANCELED` where it was given up.
    func copy(toDescriptor descriptor: Int32, unless isStopped: () -> Bool) throws(ArchiveError) -> Int32 {
        try enter()
        defer { leave() }
        guard let copy = PipedCopy(of: handle) else { return errno }
        return copy.write(to: descriptor, unless: isStopped)
    }
}
