import Layers
import Tar
import TestArchives
import Testing

/// Archives that want out (docker.md, "Extraction"; reference-faults.md).
@Suite struct AttackTests {
    /// A layer below, a layer, and what must be in the root then; nil where the layer must be refused.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let below: [UInt8]
        let layer: [UInt8]
        let expected: String?

        init(_ name: String, _ below: [UInt8], _ layer: [UInt8], _ expected: String?) {
            testDescription = name
            self.below = below
            self.layer = layer
            self.expected = expected
        }
    }

    static let names: [Case] = [
        Case("an absolute name", [], file("/outside/file", "x"), "f ./outside/file"),
        Case("a name above", [], file("../outside/file", "x"), nil),
        Case("a name above, further in", [], file("a/../../outside/file", "x"), nil),
        Case("a name above at its end", [], folder("a/.."), nil),
        Case("dots alone", [], folder("./."), ""),
        Case("slashes", [], file("//a///b", "x"), "f ./a/b"),
        Case("a root that is a file", [], file("./", "x"), nil),
        Case("a root that is a link", [], symlink("./", "/"), nil),
        Case("a component of 256 bytes", [], pax(["path": String(repeating: "n", count: 256)]) + file("x"), nil),
        Case("a name of 64 KiB", [], pax(["path": String(repeating: "a/", count: 32768)]) + file("x"), nil),
        Case(
            "folders 300 deep", [], pax(["path": String(repeating: "d/", count: 300) + "f"]) + file("x"), nil
        ),
    ]

    static let links: [Case] = [
        Case(
            "through a link to above", symlink("evil", "../outside"), file("evil/file", "x"),
            "f ./outside/file"
        ),
        Case("through an absolute link", symlink("evil", "/"), file("evil/file", "x"), "f ./file"),
        Case(
            "through a link in the same layer", [], symlink("evil", "../outside") + file("evil/file", "x"),
            "f ./outside/file"),
        Case(
            "through two links", symlink("one", "two") + symlink("two", "../../outside"), file("one/file", "x"),
            "f ./outside/file"
        ),
        Case("through a link to itself", symlink("loop", "loop"), file("loop/file", "x"), nil),
        Case(
            "through links in a circle", symlink("one", "two/x") + symlink("two", "one/y"), file("one/file", "x"), nil
        ),
        Case(
            "through the process's own folder", symlink("evil", "/proc/self/cwd"), file("evil/file", "x"),
            "f ./proc/self/cwd/file"),
        Case("a file over a link", symlink("evil", "../outside/file"), file("evil", "x"), "f ./evil"),
        Case(
            "a folder over a link", symlink("evil", "../outside"), folder("evil", mode: 0o777) + file("evil/file", "x"),
            "f ./evil/file"),
        Case("below a file", file("a", "x"), file("a/b", "x"), nil),
        Case("below a fifo", Header("a", type: "6").sealed, file("a/b", "x"), nil),
        Case("a hard link to above", [], hardlink("a", "../outside/file"), nil),
        Case("a hard link to an absolute name", [], hardlink("a", "/outside/file"), nil),
        Case("a hard link through a link", symlink("evil", "../outside"), hardlink("a", "evil/file"), nil),
        Case("a hard link through an absolute link", symlink("evil", "/"), hardlink("a", "evil/outside/file"), nil),
        Case("a hard link to a folder", folder("a"), hardlink("b", "a"), nil),
        Case("a hard link to nothing", [], hardlink("b", "a"), nil),
        Case("a hard link to itself", [], file("a", "x") + hardlink("a", "a"), "f ./a"),
        Case(
            "a hard link to a link, then written", symlink("s", "/outside/file"), hardlink("t", "s") + file("t", "x"),
            "f ./t"),
    ]

    static let whiteouts: [Case] = [
        Case("a whiteout of nothing", [], file(".wh."), nil),
        Case("a whiteout of the folder", [], file("a/.wh.."), nil),
        Case("a whiteout of the folder above", [], file("a/.wh..."), nil),
        Case("a whiteout through a link to above", symlink("evil", "../outside"), file("evil/.wh.file"), ""),
        Case("an opaque folder through a link to above", symlink("evil", "../outside"), file("evil/.wh..wh..opq"), ""),
        Case(
            "a whiteout through an absolute link", symlink("evil", "/") + file("keep", "x"), file("evil/.wh.keep"), ""),
        Case("a whiteout below a whiteout", [], file(".wh.a/b"), nil),
        Case("a whiteout that is a folder", file("a", "x"), folder(".wh.a"), ""),
        Case("a whiteout that is a link", file("a", "x"), symlink(".wh.a", "b"), ""),
        Case("a whiteout that is a device", file("a", "x"), Header(".wh.a", type: "3").sealed, ""),
        Case("a whiteout with content", file("a", "x"), file(".wh.a", "x"), ""),
        Case("an opaque folder by a folder", file("d/a", "x"), folder("d/.wh..wh..opq"), ""),
        Case("a whiteout of what is not there", file("a", "x"), file(".wh.b"), "f ./a"),
        Case("a whiteout in the base", [], file("a", "x") + file(".wh.a"), "f ./a"),
        Case("AUFS's notes", [], file(".wh..wh.plnk/a", "x") + file(".wh..wh.aufs"), ""),
        Case(
            "AUFS's hard links", [],
            folder(".wh..wh.plnk") + file(".wh..wh.plnk/1.2", "x") + hardlink("a", ".wh..wh.plnk/1.2")
                + hardlink("d/b", "/.wh..wh.plnk/1.2"), "f ./a, f ./d/b"),
        Case("AUFS's hard links to nothing", [], hardlink("a", ".wh..wh.plnk/1.2"), nil),
    ]

    @Test(
        "Nothing outside the root is touched, and what comes of it is right or refused",
        arguments: names + links + whiteouts)
    func attack(_ attack: Case) {
        let ground = Ground()
        let outside = ground.outside
        let (error, _) = ground.unpack(attack.below + end, attack.layer + end)
        #expect(ground.outside == outside)
        guard let expected = attack.expected else {
            #expect(error is LayerError || error is TarError, "\(error.map { "\($0)" } ?? "unpacked")")
            return
        }
        #expect(error == nil)
        #expect(
            ground.run("cd root && find . -type f -printf '%y %p\\n' | sort").split(separator: "\n").joined(
                separator: ", ") == expected)
    }

    @Test("Owner, mode and time of a link are its own")
    func linkMetadata() {
        let ground = Ground()
        let outside = ground.outside
        let link = Header("evil", type: "2", link: "../outside", mode: 0o777, uid: 1234, gid: 1234, modified: 5).sealed
        #expect(ground.unpack(link + end).error == nil)
        #expect(ground.outside == outside)
        #expect(ground.run("stat -c '%u %Y' root/evil") == "1234 5\n")
    }

    @Test("The root itself may be no link")
    func rootLink() {
        let ground = Ground()
        ground.run("rmdir root && ln -s outside root")
        let outside = ground.outside
        #expect(ground.unpack(file("a", "x") + end).error != nil)
        #expect(ground.outside == outside)
    }

    @Test("Entries over each other: the last one counts")
    func duplicates() {
        let ground = Ground()
        let layer =
            file("a", "one") + folder("a") + file("a/b", "two") + file("a", "three") + symlink("a", "x")
            + file("a", "four")
        #expect(ground.unpack(layer + end).error == nil)
        #expect(ground.run("find root -type f; cat root/a") == "root/a\nfour")
    }

    @Test("Limits end an archive that would fill the disk")
    func limits() {
        let ground = Ground()
        let bomb =
            pax([
                "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": "1099511627776",
                "GNU.sparse.map": "1099511627776,0",
                "GNU.sparse.numblocks": "1",
            ]) + file("a")
        let result = ground.unpack(bomb + end, limits: TarLimits(contentBytes: 1 << 30))
        #expect((result.error as? TarError)?.reason == .limit)
    }
}
