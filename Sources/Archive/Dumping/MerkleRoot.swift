package import IPv8

/// The root of a Merkle tree over leaves that come one after the other, as RFC 6962 (section 2.1) defines it: the hash of
/// a leaf is SHA-256 of a zero byte and the leaf, that of a node SHA-256 of a one byte and its two children.
///
/// It keeps one digest for each complete subtree, so memory grows with the logarithm of the number of leaves.
package struct MerkleRoot {
    private let hasher: ShortDigests
    /// The complete subtrees so far, the largest first.
    private var subtrees: [(height: Int, digest: Digest256)] = []
    /// How many leaves there are.
    package private(set) var count = 0

    static let leafKind: UInt8 = 0
    static let nodeKind: UInt8 = 1

    /// A tree without leaves.
    package init(_ hasher: ShortDigests = ShortDigests()) { self.hasher = hasher }

    package func hash(ofLeaf leaf: some Collection<UInt8>) -> Digest256 { hasher.digest(MerkleRoot.leafKind, leaf) }

    /// Adds a leaf by its hash.
    package mutating func add(_ leaf: Digest256) {
        count += 1
        var height = 0
        var digest = leaf
        while let last = subtrees.last, last.height == height {
            subtrees.removeLast()
            digest = hasher.digest(MerkleRoot.nodeKind, last.digest, digest)
            height += 1
        }
        subtrees.append((height, digest))
    }

    /// The root over all leaves so far; `nil` if there are none.
    package var root: Digest256? {
        guard var digest = subtrees.last?.digest else { return nil }
        for subtree in subtrees.dropLast().reversed() {
            digest = hasher.digest(MerkleRoot.nodeKind, subtree.digest, digest)
        }
        return digest
    }
}

/// Which subtrees' roots prove that a leaf is in a tree, and what they prove.
package enum MerklePath {
    /// The ranges of leaves whose roots make the path of a leaf, beginning with its nearest sibling.
    package static func ranges(ofLeaf index: Int, in count: Int) -> [Range<Int>] {
        precondition((0..<count).contains(index), "leaf \(index) of \(count)")
        var ranges: [Range<Int>] = []
        var range = 0..<count
        while range.count > 1 {
            let middle = range.lowerBound + largestPowerOfTwo(below: range.count)
            if index < middle {
                ranges.append(middle..<range.upperBound)
                range = range.lowerBound..<middle
            } else {
                ranges.append(range.lowerBound..<middle)
                range = middle..<range.upperBound
            }
        }
        return ranges.reversed()
    }

    /// The root that a leaf and its path lead to; `nil` if the path's length does not fit the tree.
    package static func root(
        ofLeaf leaf: Digest256, index: Int, in count: Int, path: [Digest256], _ hasher: ShortDigests = ShortDigests()
    ) -> Digest256? {
        guard (0..<count).contains(index) else { return nil }
        let ranges = ranges(ofLeaf: index, in: count)
        guard ranges.count == path.count else { return nil }
        return zip(ranges, path).reduce(leaf) { digest, step in
            step.0.lowerBound > index
                ? hasher.digest(MerkleRoot.nodeKind, digest, step.1)
                : hasher.digest(MerkleRoot.nodeKind, step.1, digest)
        }
    }

    private static func largestPowerOfTwo(below count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }
}

/// Finds the paths of several leaves in one walk over all leaves, with a digest for each level of the tree in memory.
package struct MerklePaths {
    private let indexes: [Int]
    private let count: Int
    private let hasher = ShortDigests()
    /// The ranges that are wanted and not begun, the nearest last.
    private var waiting: [Range<Int>]
    private var open: [(range: Range<Int>, tree: MerkleRoot)] = []
    private var roots: [Range<Int>: Digest256] = [:]
    private var next = 0

    /// - Parameters:
    ///   - indexes: of the leaves, each below `count`.
    ///   - count: how many leaves will come.
    package init(ofLeaves indexes: [Int], in count: Int) {
        self.indexes = indexes
        self.count = count
        let wanted = Set(indexes.flatMap { MerklePath.ranges(ofLeaf: $0, in: count) })
        waiting = wanted.sorted { ($0.lowerBound, $0.count) > ($1.lowerBound, $1.count) }
    }

    /// Takes the next leaf's hash.
    package mutating func add(_ leaf: Digest256) {
        while let range = waiting.last, range.lowerBound == next {
            waiting.removeLast()
            open.append((range, MerkleRoot(hasher)))
        }
        for place in open.indices { open[place].tree.add(leaf) }
        next += 1
        for tree in open where tree.range.upperBound == next { roots[tree.range] = tree.tree.root }
        open.removeAll { $0.range.upperBound == next }
    }

    /// The paths, in the order in which the leaves were named; `nil` if fewer leaves came than were announced.
    package var paths: [[Digest256]]? {
        var paths: [[Digest256]] = []
        for index in indexes {
            let path = MerklePath.ranges(ofLeaf: index, in: count).compactMap { roots[$0] }
            guard path.count == MerklePath.ranges(ofLeaf: index, in: count).count else { return nil }
            paths.append(path)
        }
        return paths
    }
}
