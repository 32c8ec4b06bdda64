internal import CLMDB

extension LMDBEnvironment {
    /// Writes a copy of the file as of now to a file that is open for writing, while others go on reading and writing.
    ///
    /// Page for page, free ones too: compacting would follow the tree, where one damaged page may end the process, and
    /// would leave the damage out of the copy in silence. Writers wait while the two meta pages are copied, and no
    /// longer; what they free meanwhile is not used again before the copy is complete.
    ///
    /// - Returns: LMDB's code.
    func copy(toDescriptor descriptor: Int32) throws(ArchiveError) -> Int32 {
        try enter()
        defer { leave() }
        return mdb_env_copyfd2(handle, descriptor, 0)
    }
}
