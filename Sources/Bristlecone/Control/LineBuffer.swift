/// Cuts a stream of bytes into lines, none longer than a limit.
struct LineBuffer {
    private var bytes: [UInt8] = []
    /// How many bytes from the start on are known to have no end of line.
    private var searchedCount = 0
    private let byteCountMax: Int

    /// What is at the front of the buffer.
    enum Line: Equatable {
        /// A whole line, without its end.
        case complete([UInt8])
        /// More bytes than a line may have.
        case tooLong
    }

    /// A buffer for lines of so many bytes, their end not counted.
    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    /// Takes what came in.
    mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Removes the first line and answers it; `nil` where its end has not come yet.
    mutating func next() -> Line? {
        guard let end = bytes[searchedCount...].firstIndex(of: UInt8(ascii: "\n")) else {
            searchedCount = bytes.count
            return bytes.count > byteCountMax ? .tooLong : nil
        }
        guard end <= byteCountMax else { return .tooLong }
        let line = Array(bytes[..<end])
        bytes.removeFirst(end + 1)
        searchedCount = 0
        return .complete(line)
    }
}
