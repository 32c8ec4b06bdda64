import IPv8
import TestSupport
import Testing

@testable import Bristlecone

/// What two nodes on loopback tell of each other.
@Suite struct OverlayReportTests {
    private func start(_ address: String, in folder: TemporaryFolder, peers: [Address] = []) async throws
        -> BristleconeNode
    {
        var settings = NodeSettings()
        settings.dataFolder = folder.file(address.replacing(":0", with: ""))
        settings.listen = [try #require(Address(address))]
        settings.bootstrap = false
        settings.peers = peers
        return try await BristleconeNode.start(settings)
    }

    @Test func aNodeTellsOfItsContactsByBucketAndRefreshesThem() async throws {
        let folder = try TemporaryFolder()
        let first = try await start("127.1.0.1:0", in: folder)
        let alone = try await first.overlay()
        #expect(alone.families.map(\.hasHadContacts) == [false] && alone.families.first?.contactCount == 0)
        #expect(try await first.refreshBucket(prefix: "") == .noSuchBucket)
        let second = try await start("127.2.0.1:0", in: folder)
        let address = try #require(await first.status().endpoints.first?.listen)
        try await second.walk(to: address)
        try await second.waitForContacts()
        let known = try await second.overlay()
        let bucket = try #require(known.families.first?.buckets.first)
        #expect(bucket.prefix.isEmpty && bucket.contacts.map(\.node.address) == [address])
        #expect(known.families.first?.hasHadContacts == true)
        #expect(try await second.refreshBucket(prefix: "") == .refreshed)
        #expect(try await second.refreshBucket(prefix: "01") == .noSuchBucket)
        await first.shutdown()
        await second.shutdown()
        await #expect(throws: NodeError.self) { _ = try await second.overlay() }
    }

    @Test func servedValuesComeInPartsThatEndWithAKey() async throws {
        let folder = try TemporaryFolder()
        let node = try await start("127.3.0.1:0", in: folder)
        for number in 0..<5 {
            try await node.storeValue(key: Target(hashing: "\(number)"), data: [UInt8(number)], signed: number > 2)
        }
        let first = try node.servedValues(after: nil, limit: 2)
        #expect(first.values.count == 2 && first.next == first.values.last?.key)
        let rest = try node.servedValues(after: first.next, limit: 100)
        #expect(rest.next == nil)
        let all = first.values + rest.values
        #expect(all.map(\.key) == (0..<5).map { Target(hashing: "\($0)") }.sorted())
        #expect(all.allSatisfy { $0.family == nil } && all.count { $0.value.signer != nil } == 2)
        await node.shutdown()
    }
}
