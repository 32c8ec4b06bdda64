public import IPv8

/// What pins and forgetting are about.
public enum KeepSubject: Sendable, Hashable {
    /// All values under a key.
    case key(Target)
    /// All values of a signer, under whatever key.
    case signer(Mid)
}

extension KeepSubject: Codable {
    private enum CodingKeys: String, CodingKey {
        case key, signer
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let key = try container.decodeIfPresent(text: Target.self, forKey: .key) {
            self = .key(key)
        } else {
            self = .signer(try container.decode(text: Mid.self, forKey: .signer))
        }
    }

    /// Writes the JSON form: `key` and `signer`, of which one is `null`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        var (key, signer): (Target?, Mid?) = (nil, nil)
        switch self {
        case .key(let target): key = target
        case .signer(let mid): signer = mid
        }
        try container.encode(text: key, forKey: .key)
        try container.encode(text: signer, forKey: .signer)
    }
}
