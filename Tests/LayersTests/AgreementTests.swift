import Glibc
import Layers
import Tar
import TestArchives
import Testing

/// The rule of docs/layers.md, judged by the readers themselves: what they make the same tree of, we make that tree of; what
/// two of them make different trees of, we refuse.
@Suite(.enabled(if: geteuid() == 0, "files of other users take root")) struct AgreementTests {
    /// A reader that is deployed, by the command that unpacks `archive` into `theirs`.
    enum Reader: String, CaseIterable, Sendable {
        case gnu = "tar --numeric-owner --xattrs --xattrs-include='*' -xpf archive -C theirs"
        case libarchive = "bsdtar --numeric-owner -xpf archive -C theirs"
        /// With Go's archive/tar.
        case umoci = """
            digest() { sha256sum "$1" | cut -d' ' -f1; }
            blob() { cp "$1" "oci/blobs/sha256/$(digest "$1")"; }
            entry() { printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s' "$1" "$(digest "$2")" "$(stat -c %s "$2")"; }
            mkdir -p oci/blobs/sha256; rmdir theirs
            printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$(digest archive)" > config
            printf '{"schemaVersion":2,"config":%s},"layers":[%s}]}' "$(entry config.v1+json config)" "$(entry layer.v1.tar archive)" > manifest
            printf '{"schemaVersion":2,"manifests":[%s,"annotations":{"org.opencontainers.image.ref.name":"x"}}]}' "$(entry manifest.v1+json manifest)" > oci/index.json
            printf '{"imageLayoutVersion":"1.0.0"}' > oci/oci-layout
            blob archive; blob config; blob manifest
            umoci raw unpack --image oci:x theirs; s=$?; rm -rf oci config manifest; mkdir -p theirs; [ $s = 0 ]
            """
    }

    /// An archive, and who reads it; the others fail, which is not another tree.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let archive: [UInt8]
        let readers: [Reader]

        init(_ name: String, _ archive: [UInt8], _ readers: [Reader] = Reader.allCases) {
            testDescription = name
            self.archive = archive
            self.readers = readers
        }
    }

    private static let a = file("a", "12345")
    private static let c = file("c", "after")
    private static let times = "14523456701\0" + "14523456702\0"

    static let links: [Case] = [
        Case("a hard link of a size", a + Header("b", type: "1", size: 5, link: "a").sealed + c + end),
        Case("a hard link of a size, the last", a + Header("b", type: "1", size: 999, link: "a").sealed + end),
        Case("one of GNU's", a + Header("b", type: "1", size: 5, link: "a", dialect: .gnu).sealed + c + end),
        Case("one of 1979", a + Header("b", type: "1", size: 5, link: "a", dialect: .v7).sealed + c + end),
        Case("a symbolic link of a size", a + Header("b", type: "2", size: 5, link: "a").sealed + c + end),
        Case("a folder of a size", a + Header("b/", type: "5", size: 4096).sealed + c + end),
        Case("a fifo of a size", a + Header("b", type: "6", size: 5).sealed + c + end),
        Case("a device of a size", a + Header("b", type: "3", size: 5).sealed + c + end),
        Case("a folder without a type, of a size", a + Header("b/", type: "\0", size: 5).sealed + c + end),
        Case("a link's name with a slash", Header("b/", type: "2", link: "c").sealed + c + end),
        Case("a hard link to an absolute name", a + hardlink("b", "/a") + hardlink("d", "./a") + end),
    ]

    static let headers: [Case] = [
        Case(
            "a GNU header with times",
            entry(Header("f", size: 4, dialect: .gnu).with(345, times), Array("data".utf8)) + c + end),
        Case(
            "a GNU header with more than a time",
            entry(Header("f", dialect: .gnu).with(345, times + "\0junk")) + c + end),
        Case(
            "a GNU header with letters that are none", entry(Header("f", dialect: .gnu).with(345, "d\u{e4}")) + c + end),
        Case("no magic, and something at the prefix", Header("f", dialect: .v7).with(345, "p").sealed + c + end),
        Case("no magic, and device numbers", Header("n", type: "3", dialect: .v7).with(329, "0000007\0").sealed + end),
        Case("a key twice", pax(["path": "one", "path": "two", "uid": "7", "uid": "8"]) + a + c + end),
        Case("two pax headers", pax(["path": "one"]) + pax(["uid": "8"]) + a + c + end),
        Case("two long names", long("L", "one") + long("L", "two") + file("x", dialect: .gnu) + c + end),
        Case("a long name with more behind its end", long("L", "one\0more") + file("x", dialect: .gnu) + c + end),
        Case("another size in pax", pax(["size": "5"]) + entry(Header("a", size: 1), Array("12345".utf8)) + c + end),
        Case("a global comment", pax(["comment": "x"], type: "g") + a + c + end, [.gnu, .libarchive]),
        Case(
            "nobody's",
            entry(Header("a").with(108, base256(0xffff_ffff, 8)).with(116, base256(0xffff_ffff, 8))) + c + end),
        Case("nobody's, by pax", pax(["uid": "4294967295", "gid": "4294967295"]) + a + c + end),
        Case("nobody's folder", entry(Header("d/", type: "5", gid: 7).with(108, base256(0xffff_ffff, 8))) + c + end),
        Case("a number with more behind its end", c + entry(Header("a").with(108, "0007\0xyz")) + end, [.gnu, .umoci]),
        Case("a negative time", entry(Header("a").with(136, base256(-100, 12))) + c + end),
        Case("type 7", a + Header("b", type: "7").sealed + c + end, [.gnu, .libarchive]),
        Case("an absolute name", file("/etc/x", "1") + file("./etc/y", "2") + end),
        Case("an entry twice", a + file("a", "zz") + c + end),
        Case("a folder in a file's place", a + folder("a") + file("a/x") + c + end),
        Case(
            "holes, the size under its other name",
            pax(["GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.size": "10"])
                + entry(Header("a", size: 517), padded(Array("1\n5\n5\n".utf8)) + Array("12345".utf8)) + c + end),
    ]

    static let ends: [Case] = [
        Case("a block of zeros", a + zeros(512)), Case("no zeros", a + c),
        Case("an entry behind the end", a + end + c + end),
        Case("something behind the end", a + end + [UInt8](repeating: 0x78, count: 3000)),
    ]

    @Test("What the deployed readers agree on is read as they do", arguments: links + headers + ends)
    func agreement(_ agreement: Case) throws {
        let ground = Ground()
        #expect(ground.unpack(agreement.archive).error == nil)
        let ours = ground.tree()
        try ground.write(agreement.archive, to: "archive")
        for reader in agreement.readers {
            #expect(ground.theirs(reader) == ours, "\(reader)")
        }
    }

    /// Archives that two readers make different trees of.
    static let refused: [Case] = [
        Case(
            "a hard link of a size in a pax archive",
            pax(["mtime": "5"]) + a + Header("b", type: "1", size: 5, link: "a").sealed + c + end, [.gnu, .libarchive]),
        Case("a link of a size by pax", a + pax(["size": "5"]) + symlink("b", "a") + c + end, [.umoci, .libarchive]),
        Case("a folder of a size by pax", a + pax(["size": "5"]) + folder("b") + c + end, [.umoci, .libarchive]),
        Case("a file with a folder's name", a + Header("b/").sealed + c + end, [.gnu, .umoci]),
        Case(
            "half a magic and a prefix", Header("f", prefix: "p").with(257, "ustar000").sealed + c + end,
            [.gnu, .libarchive]),
        Case("a long name, then a path", long("L", "one") + pax(["path": "two"]) + a + c + end, [.gnu, .umoci]),
        Case("a path, then a long name", pax(["path": "two"]) + long("L", "one") + a + c + end, [.gnu, .umoci]),
        Case("a global owner", pax(["uid": "5"], type: "g") + a + c + end, [.gnu, .libarchive]),
        Case("a global path", pax(["path": "two"], type: "g") + a + c + end, [.gnu, .libarchive]),
        Case("an owner over 32 bits", pax(["uid": "4294967301"]) + a + c + end, [.gnu, .umoci]),
        Case("a NUL before a number", c + entry(Header("a").with(108, "\0\u{30}00007\0")) + end, [.gnu, .libarchive]),
        Case("a sparse file's name alone", pax(["GNU.sparse.name": "two"]) + a + c + end, [.gnu, .umoci]),
        Case(
            "a hole at the end without a region",
            pax(["GNU.sparse.size": "20", "GNU.sparse.numblocks": "1", "GNU.sparse.map": "0,5"]) + a + c + end,
            [.gnu, .umoci]),
        Case("a name with dots", folder("x") + file("x/../y", "1") + c + end, [.gnu, .umoci]),
    ]

    @Test("What two of them make different trees of is refused", arguments: refused)
    func refusal(_ refused: Case) throws {
        let ground = Ground()
        let error = ground.unpack(refused.archive).error
        #expect(error is TarError || error is LayerError, "\(error.map { "\($0)" } ?? "unpacked")")
        try ground.write(refused.archive, to: "archive")
        let trees = refused.readers.map { ground.theirs($0) }
        #expect(Set(trees).count == 2, "the readers agree: \(trees)")
    }
}

extension Ground {
    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    /// The tree that a reader makes of `archive`.
    func theirs(_ reader: AgreementTests.Reader) -> [String] {
        run("rm -rf theirs; mkdir theirs; { \(reader.rawValue)\n} >/dev/null 2>&1")
        return tree("theirs")
    }
}
