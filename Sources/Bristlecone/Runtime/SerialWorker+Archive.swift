internal import Archive
internal import Platform

extension SerialWorker {
    /// Does something with the archive and waits for the result. Once the worker has stopped, the node is not running.
    func attempt<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ArchiveError) -> Value
    ) async throws(NodeError) -> Value {
        let result = await run { Result { () throws(ArchiveError) in try body() } }
        guard let result else { throw .notRunning }
        do throws(ArchiveError) {
            return try result.get()
        } catch {
            throw NodeError(error)
        }
    }
}
