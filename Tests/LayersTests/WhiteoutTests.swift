import Layers
import TestArchives
import Testing

/// Whiteouts hide what lower layers have and never what their own layer has, wherever they stand (OCI image-spec, layer.md).
@Suite struct WhiteoutTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let below: [UInt8]
        let entries: [[UInt8]]
        /// The files that are there in the end.
        let files: String

        init(_ name: String, _ below: [UInt8], _ entries: [[UInt8]], _ files: String) {
            testDescription = name
            self.below = below
            self.entries = entries
            self.files = files
        }
    }

    static let cases: [Case] = [
        Case("a file", file("a", "x") + file("b", "x"), [file(".wh.a")], "./b"),
        Case("a folder", file("d/a", "x") + file("d/e/b", "x") + file("c", "x"), [file(".wh.d")], "./c"),
        Case("a file and a new one", file("a", "x"), [file(".wh.a"), file("a", "y")], "./a"),
        Case("a folder and a new one", file("d/a", "x"), [file(".wh.d"), folder("d"), file("d/b", "y")], "./d/b"),
        Case("a folder, and a file in it", file("d/a", "x"), [file(".wh.d"), file("d/b", "y")], "./d/b"),
        Case(
            "an opaque folder", file("d/a", "x") + file("d/e/b", "x"),
            [folder("d"), file("d/.wh..wh..opq"), file("d/c", "y")], "./d/c"),
        Case(
            "an opaque folder with a folder of both layers", file("d/e/a", "x"),
            [folder("d"), file("d/.wh..wh..opq"), folder("d/e"), file("d/e/b", "y")], "./d/e/b"
        ),
        Case(
            "a link in whose place a folder comes", folder("real") + file("real/a", "x") + symlink("d", "real"),
            [folder("d") + file("d/b", "y"), file("d/.wh..wh..opq")], "./d/b ./real/a"
        ),
        Case(
            "a link that is followed",
            folder("real") + file("real/a", "x") + file("real/b", "x") + symlink("d", "real"),
            [file("d/.wh.a"), file("d/c", "y")], "./real/b ./real/c"
        ),
        Case(
            "a link that is hidden itself", folder("real") + file("real/a", "x") + symlink("d", "real"),
            [file(".wh.d"), file("d/b", "y")], "./d/b ./real/a"
        ),
        Case("a folder in whose place a file comes", file("d/a", "x"), [file(".wh.d"), file("d", "y")], "./d"),
        Case(
            "a new link, and a whiteout behind it", folder("real") + file("real/a", "x"),
            [symlink("d", "real"), file("d/.wh.a")], "./real/a"
        ),
    ]

    @Test("The order of entries and whiteouts does not matter", arguments: cases)
    func order(_ whiteout: Case) {
        var trees: Set<[String]> = []
        for order in permutations(whiteout.entries) {
            let ground = Ground()
            let (error, _) = ground.unpack(whiteout.below + end, Array(order.joined()) + end)
            #expect(error == nil)
            let found = ground.run("cd root && find . -type f | sort").split(separator: "\n").joined(separator: " ")
            #expect(found == whiteout.files)
            // A folder that no entry describes has whatever time it was made at, and is not compared.
            trees.insert(ground.tree())
        }
        #expect(trees.count == 1)
    }

    @Test("A layer in the usual order is not begun anew")
    func usual() {
        let ground = Ground()
        let below = folder("d") + file("d/a", "x") + file("e", "x")
        let layer =
            folder("d") + file("d/.wh..wh..opq") + file("d/b", "y") + file(".wh.e") + folder("n")
            + file("n/.wh..wh..opq")
        let result = ground.unpack(below + end, layer + file("n/a", "z") + end)
        #expect(result.error == nil && result.restarts == 0)
    }

    private func permutations(_ entries: [[UInt8]]) -> [[[UInt8]]] {
        guard entries.count > 1 else { return [entries] }
        return entries.indices.flatMap { place in
            var rest = entries
            let first = rest.remove(at: place)
            return permutations(rest).map { [first] + $0 }
        }
    }
}
