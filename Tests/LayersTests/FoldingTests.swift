import Glibc
import Layers
import TestArchives
import Testing

private let canMakePools =
    geteuid() == 0 && Ground().run("zpool list -H -o name >/dev/null 2>&1 && echo yes") == "yes\n"

/// File systems to which different names are one (zfsprops(7): casesensitivity, normalization).
@Suite(.serialized, .enabled(if: canMakePools, "it takes a ZFS and root")) struct FoldingTests {
    /// A root on a pool of the test's own.
    private func onPool(_ properties: String, _ body: (Ground) throws -> Void) rethrows {
        let ground = Ground()
        // Which the next run takes away if this one dies.
        let pool = "imgadmtest\(getpid())x\(Int.random(in: 1_000_000..<2_000_000))"
        let made = ground.run(
            """
            truncate -s 100M pool.img && zpool create -f -o cachefile=none -m "$PWD/root" \(properties) \(pool) "$PWD/pool.img" >&2 && echo yes
            """)
        defer {
            ground.run(
                "for i in $(seq 600); do zpool destroy -f \(pool) 2>/dev/null && break; sleep 0.1; done")
        }
        #expect(made == "yes\n")
        guard made == "yes\n" else { return }
        try body(ground)
    }

    @Test("Names that are one to the file system are an error that names the second", arguments: ["a", "b"])
    func names(_ which: String) {
        let isCase = which == "a"
        let (one, other) = isCase ? ("name", "NAME") : ("n\u{e5}me", "na\u{30a}me")
        onPool(isCase ? "-O casesensitivity=insensitive" : "-O normalization=formD") { ground in
            let layers: [([UInt8], [UInt8])] = [
                ([], file("d/\(one)", "1") + file("d/\(other)", "2")), (file(one, "1"), file(other, "2")),
                (folder(one), folder(other)), (folder(one), file("\(other)/x", "1")),
                ([], symlink(one, "x") + symlink(other, "y")), ([], file(one) + hardlink("link", other)),
            ]
            for (below, layer) in layers {
                ground.run("rm -rf '\(ground.root)'/*")
                let error = ground.unpack(below + end, layer + end).error
                #expect(
                    (error as? LayerError)?.reason == .sameName || (error as? LayerError)?.reason == .badHardLink,
                    "\(error.map { "\($0)" } ?? "unpacked")")
            }
            ground.run("rm -rf '\(ground.root)'/*")
            #expect(ground.unpack(file(one, "1") + file("z") + end, file(".wh.\(other)") + end).error == nil)
            #expect(ground.run("ls '\(ground.root)' | wc -l") == "2\n")
            #expect(ground.unpack(file("other") + end, file("other", "again") + end).error == nil)
        }
    }
}
