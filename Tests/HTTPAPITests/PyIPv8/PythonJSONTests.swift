import IPv8
import SplitMix
import Testing

@testable import HTTPAPI

@Suite struct PythonJSONTests {
    private func text(_ value: PythonJSON) -> String { String(decoding: value.text, as: UTF8.self) }

    @Test func whatIsWrittenLooksAsPythonWritesIt() {
        let value: PythonJSON = [
            "z": [1, -2, nil, true, false], "a": ["": "é\u{7F}\"\\\n\u{1}😀/"], "f": .float(0.1), "e": [], "o": [:],
        ]
        #expect(
            text(value)
                == #"{"z": [1, -2, null, true, false], "a": {"": "\u00e9\u007f\"\\\n\u0001\ud83d\ude00/"}, "f": 0.1, "#
                + #""e": [], "o": {}}"#)
        let numbers: [(Double, String)] = [
            (1_795_858_965.2815275, "1795858965.2815275"), (3.4485000014683465e-05, "3.4485000014683465e-05"),
            (1e16, "1e+16"), (0, "0.0"), (1e-4, "0.0001"), (123_456_789, "123456789.0"),
        ]
        for (number, expected) in numbers { #expect(text(.float(number)) == expected) }
    }

    @Test func distancesAreWholeNumbersOfUpTo160Bits() throws {
        let all = Bits160(high: .max, middle: .max, low: .max)
        #expect(text(PythonJSON(all)) == "1461501637330902918203684832716283019655932542975")
        #expect(text(PythonJSON(Bits160.zero)) == "0")
        #expect(text(PythonJSON(Bits160(high: 0, middle: 0, low: 1_000_000_000))) == "1000000000")
        // 2^32 · (10^9 + 7): groups of digits that begin with zeros.
        #expect(text(PythonJSON(Bits160(high: 0, middle: 1_000_000_007, low: 0))) == "4294967326064771072")
        let bits = try #require(Target(hex: "a84cc8dfb0cbbd0bf8e7b7a4b9dd2e8b1c2d3e4f")).bits
        #expect(text(PythonJSON(bits)) == "960822804708649540692916616165249405522467962447")
    }

    private static let failures: [(body: String, message: String)] = [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        (" ", "Expecting value: line 1 column 2 (char 1)"),
        ("value=76", "Expecting value: line 1 column 1 (char 0)"),
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("{]", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("{\"a\"", "Expecting ':' delimiter: line 1 column 5 (char 4)"),
        ("{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)"),
        ("{\"a\":}", "Expecting value: line 1 column 6 (char 5)"),
        ("{\"a\": 1,}", "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"),
        ("{\"a\": 1 2}", "Expecting ',' delimiter: line 1 column 9 (char 8)"),
        ("[1,]", "Expecting value: line 1 column 4 (char 3)"),
        ("[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"),
        ("[", "Expecting value: line 1 column 2 (char 1)"),
        ("\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"),
        ("\"a\nb\"", "Invalid control character at: line 1 column 3 (char 2)"),
        ("\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)"),
        ("\"\\u12\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"),
        ("1 2", "Extra data: line 1 column 3 (char 2)"),
        ("nul", "Expecting value: line 1 column 1 (char 0)"),
        ("-", "Expecting value: line 1 column 1 (char 0)"),
        ("01", "Extra data: line 1 column 2 (char 1)"),
        ("{\"a\":\n 1,\n  x}", "Expecting property name enclosed in double quotes: line 3 column 3 (char 12)"),
        ("\u{FEFF}{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
    ]

    @Test(arguments: failures)
    func failuresNameThePlaceAsPythonDoes(body: String, message: String) {
        #expect(throws: PyIPv8Failure.thrown("JSONDecodeError", message)) {
            try PythonJSONReader.read(Array(body.utf8))
        }
    }

    @Test func whatIsNoUTF8IsNamedByItsPlace() {
        let cases: [([UInt8], String)] = [
            ([0x22, 0xFF, 0x22], "byte 0xff in position 1: invalid start byte"),
            ([0x22, 0xC3], "byte 0xc3 in position 1: unexpected end of data"),
            ([0x22, 0xC3, 0x22], "byte 0xc3 in position 1: invalid continuation byte"),
            ([0xE2, 0x82], "bytes in position 0-1: unexpected end of data"),
        ]
        for (body, expected) in cases {
            #expect(
                throws: PyIPv8Failure.thrown("UnicodeDecodeError", "'utf-8' codec can't decode \(expected)")
            ) { try PythonJSONReader.read(body) }
        }
    }

    @Test func whatIsReadIsWrittenAgain() throws {
        let body = #"{"a": [1, 2.5, -0, 1e3, "\u00e9\ud83d\ude00\n"], "b": {"c": null}, "d": true}"#
        let written = text(try PythonJSONReader.read(Array(body.utf8)))
        #expect(written == #"{"a": [1, 2.5, -0, 1000.0, "\u00e9\ud83d\ude00\n"], "b": {"c": null}, "d": true}"#)
    }

    @Test func nestingHasALimit() throws {
        let deep = String(repeating: "[", count: 100_000)
        let failure = #expect(throws: PyIPv8Failure.self) { try PythonJSONReader.read(Array(deep.utf8)) }
        guard case .thrown("RecursionError", _)? = failure else {
            Issue.record("it fails with \(String(describing: failure))")
            return
        }
        #expect(throws: Never.self) {
            try PythonJSONReader.read(
                Array((String(repeating: "[", count: 400) + String(repeating: "]", count: 400)).utf8))
        }
    }

    /// Whatever comes from outside is read or refused, and what was read survives being written.
    @Test func noiseIsReadOrRefused() throws {
        var random = SplitMix64(seed: 1)
        let pieces = [
            "{", "}", "[", "]", "\"", ",", ":", "\\", "u00e9", "ud83d", "0", "-", "1.5", "e9", "null", "true", " ",
            "\n", "a", "é",
            "😀", "\u{1}",
        ].map { Array($0.utf8) }
        var readCount = 0
        for round in 0..<20_000 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                body += pieces.randomElement(using: &random) ?? []
            }
            if round % 4 == 0 { body.append(UInt8.random(in: .min ... .max, using: &random)) }
            guard let value = try? PythonJSONReader.read(body) else { continue }
            readCount += 1
            #expect(try PythonJSONReader.read(value.text) == value, "\(body)")
        }
        #expect(readCount > 100)
    }
}
