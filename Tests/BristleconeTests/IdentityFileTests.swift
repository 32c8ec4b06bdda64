import FoundationEssentials
import Glibc
import IPv8
import Platform
import SystemPackage
import TestSupport
import Testing

@testable import Bristlecone

@Suite struct IdentityFileTests {
    private let parent: TemporaryFolder
    private var path: String { parent.file("data") }

    init() throws {
        parent = try TemporaryFolder()
        try #require(mkdir(parent.file("data"), 0o700) == 0)
    }

    /// A key of the wire fixture: its private form as the reference writes it to a file, and the identity.
    struct FixtureKey: Decodable, Sendable, CustomStringConvertible {
        let level: String?
        let `private`: String
        let mid: String
        var description: String { level ?? "curve25519" }
    }

    private struct Fixture: Decodable {
        let keys: [FixtureKey]
        let legacyKeys: [FixtureKey]

        enum CodingKeys: String, CodingKey {
            case keys
            case legacyKeys = "legacy_keys"
        }
    }

    /// Eight keys: four of curve25519, and one of each older level.
    private static func fixtureKeys() throws -> [FixtureKey] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "IPv8Tests/Fixtures/ipv8-wire.json"))
        let fixture = try JSONDecoder().decode(Fixture.self, from: data)
        return fixture.keys + fixture.legacyKeys
    }

    @Test func loadsTheReferencesKeyFilesOfAllLevels() throws {
        let keys = try Self.fixtureKeys()
        #expect(Set(keys.map(\.description)).count == 5)
        for (index, key) in keys.enumerated() {
            let name = "node\(index)"
            try #require(mkdir(parent.file(name), 0o700) == 0)
            let bytes = try #require(Hex.decode(key.private))
            try parent.write("\(name)/identity.key", bytes)
            let folder = try DataFolder.open(parent.file(name))
            defer { folder.close() }
            #expect(folder.identity.publicKey.mid.description == key.mid)
            #expect(folder.identity.publicKey.level.rawValue == key.description)
            #expect(folder.identity.bytes == bytes)
        }
    }

    @Test func writesAKeyInTheReferencesForm() throws {
        let folder = try DataFolder.open(path)
        defer { folder.close() }
        let opened = try OpenFolder(path)
        let bytes = try #require(try opened.contents(of: "identity.key", bytesMax: 1024))
        #expect(bytes.count == 74)
        #expect(bytes.starts(with: Array("LibNaCLSK:".utf8)))
        #expect(try PrivateKey(bytes: bytes).publicKey == folder.identity.publicKey)
    }

    @Test(arguments: [[], Array("LibNaCLSK:".utf8), Array("-----BEGIN".utf8), [UInt8](repeating: 7, count: 5000)])
    func refusesWhatIsNoKeyAndLeavesIt(bytes: [UInt8]) throws {
        try parent.write("data/identity.key", bytes)
        let error = try #require(throws: DataFolderError.self) { try DataFolder.open(path) }
        guard case .notAKey = error else {
            Issue.record("\(error)")
            return
        }
        #expect(try OpenFolder(path).names() == ["identity.key"])
        #expect(try OpenFolder(path).contents(of: "identity.key", bytesMax: 9999) == bytes)
    }

    @Test func refusesAKeyThatEverybodyCanRead() throws {
        try parent.write("data/identity.key", PrivateKey.generate().bytes, permissions: 0o644)
        #expect(throws: DataFolderError.exposedKey(path: path + "/identity.key", permissions: "0644")) {
            try DataFolder.open(path)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func refusesAKeyOfAnotherUser() throws {
        let file = path + "/identity.key"
        try parent.write("data/identity.key", PrivateKey.generate().bytes)
        try #require(chown(file, 65_534, 65_534) == 0)
        let error = try #require(throws: DataFolderError.self) { try DataFolder.open(path) }
        #expect(error.description.contains("\(file) belongs to the user nobody"))
        #expect(error.description.contains("chown root \(file)"))
        // One that a link leads to, too.
        try #require(rename(file, parent.file("secret")) == 0 && symlink(parent.file("secret"), file) == 0)
        #expect(throws: DataFolderError.self) { try DataFolder.open(path) }
        try #require(chown(parent.file("secret"), 0, 0) == 0)
        try DataFolder.open(path).close()
    }

    /// What people have put in the place of a key file, and what the message calls it.
    private static let otherForms: [([UInt8], String)] = {
        let secrets = [UInt8](repeating: 7, count: 64)
        let prefix = Array("LibNaCLSK:".utf8)
        return [
            ([], "it is empty"), (secrets, "it has 64 bytes, but not LibNaCLSK: in front of them"),
            (prefix + secrets + [0x0A], "a line end behind it; remove the last byte"),
            (prefix + secrets + [0x0D, 0x0A], "remove the last 2 bytes"),
            (prefix + secrets.dropLast(), "it has 63 bytes behind LibNaCLSK:"),
            (Array("-----BEGIN EC PRIVATE KEY-----\n".utf8), "PEM text"),
            (Array("LibNaCLPK:".utf8) + secrets, "it is a public key"),
            (Array("4c69624e\n".utf8), "hexadecimal text"), (Array("TGliTmFDTFNLOg==\n".utf8), "Base64 text"),
            ([0x30, 0x03, 0x02, 0x01, 0x00], "it is DER"), ([1, 2, 3], "it has 3 bytes of another kind"),
        ]
    }()

    @Test(arguments: otherForms)
    func saysWhatAFileSeemsToBeThatIsNoKey(bytes: [UInt8], words: String) throws {
        try parent.write("data/identity.key", bytes)
        let error = try #require(throws: DataFolderError.self) { try DataFolder.open(path) }
        #expect(error.description.contains(words), "\(error)")
        #expect(error.description.contains("LibNaCLSK: and 64 bytes") && !error.description.contains("backup"))
    }

    @Test func warnsOfAKeyThatAGroupCanRead() throws {
        try parent.write("data/identity.key", PrivateKey.generate().bytes, permissions: 0o640)
        let folder = try DataFolder.open(path)
        defer { folder.close() }
        #expect(folder.warnings.count == 1)
        #expect(folder.warnings.first?.contains("0640") == true)
    }

    @Test func doesNotReplaceALostKey() throws {
        try DataFolder.open(path).close()
        try #require(unlink(path + "/identity.key") == 0)
        #expect(throws: DataFolderError.missingKey(path: path + "/identity.key")) { try DataFolder.open(path) }
        #expect(try OpenFolder(path).names() == ["bristlecone.format", "bristlecone.yaml", "lock"])
    }
}
