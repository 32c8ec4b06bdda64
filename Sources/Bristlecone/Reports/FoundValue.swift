public import IPv8

/// A value that a lookup found.
public struct FoundValue: Sendable, Equatable {
    /// The application's data.
    public var data: [UInt8]
    /// Who signed it; `nil` where it is unsigned.
    public var signer: PublicKey?
    /// Which version of the signer's value it is; `nil` where it is unsigned.
    public var version: Version?

    /// A value that nobody signed.
    public init(unsigned data: [UInt8]) { self.data = data }

    /// A value that somebody signed.
    public init(data: [UInt8], version: Version, signedBy signer: PublicKey) {
        self.data = data
        self.version = version
        self.signer = signer
    }

    /// What an entry says; its signature has been checked by whoever found it.
    public init(_ entry: Entry) {
        data = Array(entry.data)
        signer = entry.signature?.signer
        version = entry.signature?.version
    }
}

extension FoundValue: Codable {
    private enum CodingKeys: String, CodingKey {
        case data, mid, version
        case publicKey = "public_key"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        data = try container.decode(text: [UInt8].self, forKey: .data)
        signer = try container.decodeIfPresent(text: PublicKey.self, forKey: .publicKey)
        version = try container.decodeIfPresent(UInt32.self, forKey: .version).map(Version.init)
    }

    /// Writes the JSON form: `data`, `public_key`, `mid` and `version`, the last three `null` where it is unsigned.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: data, forKey: .data)
        try container.encode(text: signer, forKey: .publicKey)
        try container.encode(text: signer?.mid, forKey: .mid)
        try container.encode(version?.number, forKey: .version)
    }
}
