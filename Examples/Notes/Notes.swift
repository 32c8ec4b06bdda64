import Bristlecone
import Foundation

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
        do throws(NodeError) {
            let node = try await BristleconeNode.start(settings)
            let events = node.events()
            let watching = Task { await watch(events) }
            let isDone = await run(Array(arguments[3...]), with: node)
            await node.shutdown()
            await watching.value
            exit(isDone ? 0 : 1)
        } catch {
            print(error.message)
            exit(1)
        }
    }

    static func run(_ words: [String], with node: BristleconeNode) async -> Bool {
        do throws(NodeError) {
            try await node.waitForContacts()
            switch (words[0], words[1], words.count) {
            case ("write", let topic, 3): try await write(words[2], under: topic, with: node)
            case ("read", let topic, 2): try await read(topic, with: node)
            case ("meet", let identity, 2): try await meet(identity, with: node)
            default: throw NodeError(.invalidArgument, "There is no command \(words[0]).")
            }
            return true
        } catch {
            switch error.code {
            case .valueTooLong: print("Write less:", error.message)
            case .nobodyAnswered: print("Is the peer running?", error.message)
            default: print(error.message)
            }
            print(error.canRetry ? "Trying again may help." : "Trying again will not help.")
            return false
        }
    }

    static func write(_ text: String, under topic: String, with node: BristleconeNode) async throws(NodeError) {
        let key = Target(hashing: topic)
        let report = try await node.storeValue(key: key, data: Array(text.utf8), signed: true)
        print("Stored here and by \(report.acknowledged) of \(report.asked) other nodes.")
    }

    static func read(_ topic: String, with node: BristleconeNode) async throws(NodeError) {
        let report = try await node.findValues(key: Target(hashing: topic))
        for value in report.values {
            let author = value.mid.map { "\($0)" } ?? "somebody"
            print(author, String(decoding: value.data, as: UTF8.self))
        }
        print("\(report.withValues) of \(report.answered) nodes had something.")
    }

    static func meet(_ identity: String, with node: BristleconeNode) async throws(NodeError) {
        guard let mid = Mid(hex: identity) else {
            throw NodeError(.invalidArgument, "An identity has 40 hexadecimal digits.")
        }
        for peer in try await node.connectPeer(mid: mid) { print("\(peer.address) answered.") }
    }

    static func watch(_ events: NodeEvents) async {
        for await event in events {
            switch event {
            case .contactAdded(let peer): print("New contact: \(peer.address)")
            case .valueStored(let key, _, _): print("New value under \(key)")
            case .healthChanged(let problems): print("Problems: \(problems)")
            default: break
            }
        }
    }
}
