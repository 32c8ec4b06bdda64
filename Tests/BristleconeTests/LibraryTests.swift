import Archive
import IPv8
import Logging
import NIOPosix
import TestSupport
import Testing

@testable import Bristlecone

/// A node as another program uses it.
@Suite struct LibraryTests {
    private func withNode(
        upkeep: UpkeepSettings = UpkeepSettings(), retention: RetentionSettings = RetentionSettings(),
        peers: [Address] = [], _ body: (BristleconeNode, Address) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var settings = NodeSettings()
        settings.dataFolder = folder.file("data")
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        settings.peers = peers
        (settings.upkeep, settings.retention) = (upkeep, retention)
        let node = try await BristleconeNode.start(settings)
        do {
            try await body(node, try #require(await node.status().endpoints.first?.listen))
        } catch {
            await node.shutdown()
            throw error
        }
        await node.shutdown()
    }

    /// A socket that hears everything and says nothing.
    private func withSilence(_ body: (Address) async throws -> Void) async throws {
        let socket = try await DatagramSocket.bind(
            try #require(Address("127.0.0.1:0")), on: MultiThreadedEventLoopGroup.singleton.next(),
            refusals: SendRefusals(logger: Logger(label: "test")), traffic: TrafficMeter())
        try await body(socket.address)
        await socket.close()
    }

    @Test func aCancelledTaskHearsOfItAtOnce() async throws {
        try await withNode { node, _ in
            try await withSilence { silence in
                let begun = ContinuousClock.now
                let asking = Task { () async -> NodeError? in
                    do throws(NodeError) {
                        _ = try await node.ping(silence)
                        return nil
                    } catch {
                        return error
                    }
                }
                asking.cancel()
                let error = try #require(await asking.value)
                #expect(error.code == .cancelled && error.canRetry)
                #expect(ContinuousClock.now - begun < .seconds(5), "the ping's own patience")
            }
        }
    }

    @Test func whatIsForgottenWhileItWaitsToBeSentStaysForgotten() async throws {
        try await withNode { node, _ in
            let keys = (0..<300).map { Target(hashing: "\($0)") }
            let report = try await node.storeValues(
                keys.map { BulkValue(key: $0, data: [1], signed: false) })
            #expect(report.publishing == keys.count)
            _ = try await node.forget(keys.map { .key($0) }, block: false)
            while !node.publisher.isIdle { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try node.archive.publications().isEmpty)
            for key in keys { #expect(try await node.localValues(key: key).values.isEmpty) }
        }
    }

    @Test func waitingForContactsEndsInASentence() async throws {
        try await withNode { node, _ in
            let error = await #expect(throws: NodeError.self) {
                try await node.waitForContacts(1, within: .milliseconds(10))
            }
            #expect(error?.code == .nobodyAnswered && error?.canRetry == true)
            try await node.waitForContacts(0, within: .zero)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCopyFollowsTheArchivesChanges() async throws {
        try await withNode { node, _ in
            let start = try await node.changeNumbers().last
            async let next: Void = node.waitForChange(after: start)
            try await node.storeValue(key: Target(hashing: "followed"), data: [1, 2], signed: false)
            try await next
            let page = try await node.changes(after: start)
            let value = try #require(page.changes.first { $0.kind == "value" })
            #expect(value.operation == .put && value["data"] == "0102" && value.number > start)
            #expect(value["key"] == Target(hashing: "followed").description)
            #expect(value.json.hasPrefix(#"{"archive":"\#(page.archive)","change":\#(value.number),"#))
            #expect(page.changes.map(\.number) == Array(start + 1...page.last))
            let error = await #expect(throws: NodeError.self) { _ = try await node.changes(after: page.last + 1) }
            #expect(error?.code == .changesUnavailable)
            let waiting = Task { () async -> NodeError? in
                do throws(NodeError) {
                    // The node's own commits end a wait too.
                    while true { try await node.waitForChange(after: try await node.changeNumbers().last) }
                } catch {
                    return error
                }
            }
            await node.shutdown()
            #expect(await waiting.value?.code == .notRunning)
        }
    }

    @Test func errorsSayWhetherTryingAgainHelps() async throws {
        try await withNode { node, address in
            let ownAddress = await #expect(throws: NodeError.self) { _ = try await node.ping(address) }
            #expect(ownAddress?.code == .invalidArgument && ownAddress?.canRetry == false)
            let tooLong = await #expect(throws: NodeError.self) {
                try await node.storeValue(
                    key: Target(hashing: "key"), data: [UInt8](repeating: 0, count: 24), signed: true)
            }
            #expect(tooLong?.code == .valueTooLong && tooLong?.canRetry == false)
            var settings = NodeSettings()
            settings.dataFolder = try TemporaryFolder().file("data")
            settings.listen = [address]
            settings.bootstrap = false
            let inUse = await #expect(throws: NodeError.self) { _ = try await BristleconeNode.start(settings) }
            #expect(inUse?.code == .addressInUse && inUse?.canRetry == true)
        }
    }

    @Test func whatIsAskedOfANodeThatHasEndedIsAnsweredWithAnError() async throws {
        try await withNode { node, address in
            let waiting = Task { try await node.waitForContacts() }
            let (first, second) = (Task { await node.shutdown() }, Task { await node.shutdown() })
            await first.value
            await second.value
            await #expect(throws: NodeError.self) { try await waiting.value }
            let key = Target(hashing: "key")
            await #expect(throws: NodeError.self) {
                try await node.storeValue(key: key, data: [1], signed: false)
            }
            await #expect(throws: NodeError.self) { _ = try await node.findValues(key: key) }
            await #expect(throws: NodeError.self) { _ = try await node.ping(address) }
            await #expect(throws: NodeError.self) { _ = try await node.plan() }
            await #expect(throws: NodeError.self) { _ = try await node.forget(.key(key), block: false) }
            #expect(await node.status().contacts.isEmpty)
            await node.shutdown()
        }
    }

    @Test func aNodeAloneKeepsWhatItIsGivenAndSaysThatNobodyElseDoes() async throws {
        try await withNode { node, _ in
            let key = Target(hashing: "alone")
            let report = try await node.storeValue(key: key, data: [1, 2, 3], signed: false)
            #expect(report.asked == 0 && report.acknowledged == 0)
            #expect(try await node.findValues(key: key).values.map(\.data) == [[1, 2, 3]])
        }
    }

    @Test func theLongestTimesThatCanBeSetOverflowNothing() async throws {
        let longest = TimeSpan(seconds: .max)
        var upkeep = UpkeepSettings()
        (upkeep.interval, upkeep.lifetime, upkeep.servedFor) = (longest, longest, longest)
        var retention = RetentionSettings()
        (retention.published, retention.pinned) = (longest, longest)
        (retention.signed, retention.unsigned) = (longest, longest)
        try await withNode(upkeep: upkeep, retention: retention) { node, _ in
            let key = Target(hashing: "long")
            try await node.storeValue(key: key, data: [1], signed: true)
            try await node.storeValue(key: key, data: [2], signed: false)
            #expect(try await node.findValues(key: key).values.count == 2)
            _ = try await node.pin(.key(key))
            _ = try await node.plan()
            #expect(await node.status().archive.values == 2)
        }
    }

    @Test func everyReaderHearsOfEachStoredValue() async throws {
        try await withNode { node, _ in
            let readers = [node.events(), node.events()]
            let key = Target(hashing: "event")
            let version = try await node.storeValue(key: key, data: [1], signed: true).version
            try await node.storeValue(key: key, data: [2], signed: false)
            let mid = await node.status().mid
            for reader in readers {
                var events = reader.makeAsyncIterator()
                #expect(await events.next() == .valueStored(key: key, signer: mid, version: version))
                #expect(await events.next() == .valueStored(key: key, signer: nil, version: nil))
            }
        }
    }

    @Test func aSlowReaderIsToldHowManyEventsItMissed() async throws {
        try await withNode { node, _ in
            let key = Target(hashing: "slow")
            var events = node.events(bufferSize: 2).makeAsyncIterator()
            for data in 0..<5 { try await node.storeValue(key: key, data: [UInt8(data)], signed: false) }
            #expect(await events.next() == .missed(count: 3))
            #expect(await events.next() == .valueStored(key: key, signer: nil, version: nil))
            #expect(await events.next() == .valueStored(key: key, signer: nil, version: nil))
            await node.shutdown()
            #expect(await events.next() == nil)
            var later = node.events().makeAsyncIterator()
            #expect(await later.next() == nil)
        }
    }

    @Test(.timeLimit(.minutes(1))) func contactsAreTold() async throws {
        try await withNode { node, address in
            var events = node.events().makeAsyncIterator()
            try await withNode(peers: [address]) { other, _ in
                let mid = await other.status().mid
                var added: NodeInfo?
                while added == nil, let event = await events.next() {
                    if case .contactAdded(let peer) = event, peer.publicKey.mid == mid { added = peer }
                }
                #expect(added != nil)
            }
        }
    }

    @Test func aServiceGroupEndsTheNode() async throws {
        try await withNode { node, _ in
            let events = node.events()
            let service = Task { try await node.run() }
            service.cancel()
            try await service.value
            for await _ in events {}
            await #expect(throws: NodeError(.notRunning, "The node is stopping; start it again and repeat.")) {
                _ = try await node.findValues(key: Target(hashing: "key"))
            }
        }
    }
}
