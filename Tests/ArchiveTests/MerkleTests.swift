import IPv8
import Testing

@testable import Archive

@Suite struct MerkleTests {
    /// Leaves and roots that implementations of RFC 6962 are commonly tested with.
    @Test func rootsAreThoseOfRFC6962() throws {
        let leaves = [
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
        ]
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
        var tree = MerkleRoot()
        #expect(tree.root == nil)
        for (leaf, root) in zip(leaves, roots) {
            tree.add(tree.hash(ofLeaf: try #require(Hex.decode(leaf))))
            #expect(tree.root?.description == root)
        }
    }

    private func leaf(_ number: Int) -> Digest256 { MerkleRoot().hash(ofLeaf: "leaf \(number)".utf8) }

    private func root(_ count: Int) -> Digest256? {
        var tree = MerkleRoot()
        for number in 0..<count { tree.add(leaf(number)) }
        return tree.root
    }

    @Test(arguments: [1, 2, 3, 5, 8, 13, 31, 32, 33])
    func everyPathLeadsToTheRootAndNoOtherDoes(count: Int) throws {
        var builder = MerklePaths(ofLeaves: Array(0..<count), in: count)
        for number in 0..<count { builder.add(leaf(number)) }
        let paths = try #require(builder.paths)
        let root = try #require(self.root(count))
        for (index, path) in paths.enumerated() {
            #expect(MerklePath.root(ofLeaf: leaf(index), index: index, in: count, path: path) == root)
            #expect(MerklePath.root(ofLeaf: leaf(count), index: index, in: count, path: path) != root)
            #expect(MerklePath.root(ofLeaf: leaf(index), index: index, in: count, path: path + [root]) == nil)
            if count > 1 {
                let other = index ^ 1 < count ? index ^ 1 : index - 1
                #expect(MerklePath.root(ofLeaf: leaf(index), index: other, in: count, path: path) != root)
                var wrong = path
                wrong[0] = leaf(count + 1)
                #expect(MerklePath.root(ofLeaf: leaf(index), index: index, in: count, path: wrong) != root)
            }
        }
    }

    @Test func pathsOfSomeLeavesNeedAllLeavesToCome() throws {
        var builder = MerklePaths(ofLeaves: [3, 4, 11], in: 20)
        for number in 0..<19 { builder.add(leaf(number)) }
        #expect(builder.paths == nil)
        builder.add(leaf(19))
        let paths = try #require(builder.paths)
        for (index, path) in zip([3, 4, 11], paths) {
            #expect(MerklePath.root(ofLeaf: leaf(index), index: index, in: 20, path: path) == root(20))
        }
    }

    @Test func leafBeyondTheTreeHasNoRoot() {
        #expect(MerklePath.root(ofLeaf: leaf(0), index: 5, in: 5, path: []) == nil)
        #expect(MerklePath.root(ofLeaf: leaf(0), index: -1, in: 5, path: []) == nil)
    }
}
