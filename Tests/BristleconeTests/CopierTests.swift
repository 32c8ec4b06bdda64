import Testing

@testable import Bristlecone

@Suite struct CopierTests {
    @Test func aNodeThatStopsDoesNotWaitForABackup() async {
        let copier = Copier()
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let backup = Task {
            await #expect(throws: BackupError.nodeStopped) {
                try await copier.run { (isStopped) throws(BackupError) in
                    begin.finish()
                    while !isStopped() {}
                    throw BackupError.archive("The archive was not copied to the end: repeat it.")
                }
            }
        }
        for await _ in begun {}
        await copier.shutdown()
        _ = await backup.value
        await #expect(throws: BackupError.self) { try await copier.run { (_) throws(BackupError) in } }
    }

    @Test func aBackupLeavesTheDiskToOthersForAsLongAsItUsedIt() async throws {
        let copier = Copier()
        let part = Duration.milliseconds(20)
        let begun = ContinuousClock.now
        try await copier.run { (isStopped) throws(BackupError) in
            for _ in 0..<3 {
                let partBegun = ContinuousClock.now
                while partBegun.duration(to: .now) < part {}
                _ = isStopped()
            }
        }
        #expect(begun.duration(to: .now) >= part * 6)
        await copier.shutdown()
    }
}
