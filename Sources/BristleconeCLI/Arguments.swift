internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import IPv8

/// Parses keys, values and addresses from the command line.
enum Arguments {
    /// 40 hexadecimal digits are the key itself; any other text is hashed.
    static func key(_ text: String) throws -> Target {
        guard !text.isEmpty else { throw ValidationError("The key is empty: give a text or 40 hexadecimal digits.") }
        return Target(hex: text) ?? Target(hashing: text)
    }

    /// The value's bytes: the text's UTF-8, or the bytes of its hexadecimal digits.
    static func value(_ text: String, isHex: Bool) throws -> [UInt8] {
        guard isHex else { return Array(text.utf8) }
        guard let bytes = Hex.decode(text) else {
            throw ValidationError("With --hex the value must be an even number of hexadecimal digits, such as 00ff12.")
        }
        return bytes
    }

    /// A peer's identity.
    static func mid(_ text: String) throws -> Mid {
        guard let mid = Mid(hex: text) else {
            throw ValidationError("An identity has 40 hexadecimal digits; bristlecone status shows this node's.")
        }
        return mid
    }

    /// A time, in UTC unless it says otherwise.
    static func instant(_ text: String) throws -> Instant {
        guard let instant = Instant(rfc3339: text) else {
            throw ValidationError("A time looks like 2026-02-03T12:00:00Z.")
        }
        return instant
    }

    /// An address that a node can have.
    static func address(_ text: String) throws -> Address {
        guard let address = Address(text), address.isReachable else {
            throw ValidationError(
                "An address looks like 192.0.2.1:8090 or [2001:db8::1]:8090; host names are not looked up.")
        }
        return address
    }
}

extension KeepSubject {
    /// The subject for people.
    func text(on terminal: Terminal) -> String {
        switch self {
        case .key(let target): "key \(terminal.strong(terminal.digits(target)))"
        case .signer(let mid): "signer \(terminal.strong(terminal.digits(mid)))"
        }
    }
}
