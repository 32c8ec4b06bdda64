internal import IPv8

/// Random numbers that follow from a seed, the same on every machine: a keyed function of how many have been drawn.
///
/// Everybody sees some of them: a request shows its number, and whom we walk to, what we look up. Who could go on from
/// those could answer requests that it has not received. Without the seed nobody can; secrets come from outside all the
/// same.
struct RandomNumbers: RandomNumberGenerator, Sendable {
    private let key: [UInt8]
    private var drawnCount: UInt64 = 0

    init(seed: UInt64) { key = seed.bigEndianBytes + Array("numbers1".utf8) }

    mutating func next() -> UInt64 {
        drawnCount += 1
        return Digest.keyed64(drawnCount, key: key)
    }
}
