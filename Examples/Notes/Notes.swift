import Bristlecone
import Foundation
import IPv8

/// Leaves notes in the IPv8 DHT and reads them, with a node of its own in this process.
///
///     notes FOLDER LISTEN PEER write TOPIC TEXT
///     notes FOLDER LISTEN PEER read TOPIC
///     notes FOLDER LISTEN PEER meet IDENTITY
@main
enum Notes {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 5, let listen = Address(arguments[1]), let peer = Address(arguments[2]) else {
            print("usage: notes FOLDER LISTEN PEER write TOPIC TEXT | read TOPIC | meet IDENTITY")
            exit(64)
        }
        var settings = NodeSettings()
        settings.dataFolder = arguments[0]
        settings.listen = [listen]
        settings.peers = [peer]
        settings.bootstrap = false
        do throws(StartError) {
            let node = try await BristleconeNode.start(settings)
            let isDone = await run(Array(arguments[3...]), with: node)
            await node.shutdown()
            exit(isDone ? 0 : 1)
        } catch {
            print(error.message)
            exit(1)
        }
    }

    /// Does one thing, and says what is wrong where it cannot be done.
    private static func run(_ words: [String], with node: BristleconeNode) async -> Bool {
        do throws(NodeError) {
            try await node.waitForContacts(1, within: .seconds(30))
            switch (words[0], words[1], words.count) {
            case ("write", let topic, 3): try await write(words[2], under: topic, with: node)
            case ("read", let topic, 2): try await read(topic, with: node)
            case ("meet", let identity, 2): try await meet(identity, with: node)
            default: throw NodeError("There is nothing to do called \(words[0]).", canRetry: false)
            }
            return true
        } catch {
            print(error.message, error.canRetry ? "Trying again may help." : "Trying again will not help.")
            return false
        }
    }

    private static func write(
        _ text: String, under topic: String, with node: BristleconeNode
    ) async throws(NodeError) {
        let report = try await node.storeValue(key: Target(hashing: topic), data: Array(text.utf8), signed: true)
        print("kept here and by \(report.acknowledged) of \(report.asked) other nodes")
    }

    private static func read(_ topic: String, with node: BristleconeNode) async throws(NodeError) {
        let report = try await node.findValues(key: Target(hashing: topic))
        for value in report.values {
            print(value.signer.map { "\($0.mid)" } ?? "somebody", String(decoding: value.data, as: UTF8.self))
        }
        print("\(report.withValues) of \(report.answered) nodes had something")
    }

    private static func meet(_ identity: String, with node: BristleconeNode) async throws(NodeError) {
        guard let mid = Mid(hex: identity) else {
            throw NodeError("An identity has 40 hexadecimal digits.", canRetry: false)
        }
        let report = try await node.connectPeer(mid: mid)
        for peer in report.peers { print("\(peer.address) answered") }
    }
}
