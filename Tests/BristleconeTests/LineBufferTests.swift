import Testing

@testable import Bristlecone

@Suite struct LineBufferTests {
    @Test func cutsLinesHoweverTheyComeIn() {
        var buffer = LineBuffer(byteCountMax: 8)
        var lines: [LineBuffer.Line] = []
        for byte in "ab\n\ncd\ne".utf8 {
            buffer.append([byte])
            while let line = buffer.next() { lines.append(line) }
        }
        #expect(lines == [.complete(Array("ab".utf8)), .complete([]), .complete(Array("cd".utf8))])
        buffer.append("f\ngh\n".utf8)
        #expect(buffer.next() == .complete(Array("ef".utf8)))
        #expect(buffer.next() == .complete(Array("gh".utf8)))
        #expect(buffer.next() == nil)
    }

    @Test func refusesALineThatIsTooLongBeforeAndAfterItsEnd() {
        var open = LineBuffer(byteCountMax: 3)
        open.append("abc".utf8)
        #expect(open.next() == nil)
        open.append("d".utf8)
        #expect(open.next() == .tooLong)
        var ended = LineBuffer(byteCountMax: 3)
        ended.append("abcd\n".utf8)
        #expect(ended.next() == .tooLong)
        var exact = LineBuffer(byteCountMax: 3)
        exact.append("abc\n".utf8)
        #expect(exact.next() == .complete(Array("abc".utf8)))
    }
}
