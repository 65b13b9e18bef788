import Tar
import TestArchives
import Testing

@testable import Layers

/// Which entries of an archive are a system's, and where they are then.
@Suite struct SystemEntriesTests {
    private struct Recorder: TarVisitor {
        var entries: [String] = []
        private var content = ""

        mutating func begin(_ entry: TarEntry) {
            let link = entry.linkTarget.isEmpty ? "" : " -> \(String(decoding: entry.linkTarget, as: UTF8.self))"
            entries.append(String(decoding: entry.path, as: UTF8.self) + link)
            content = ""
        }
        mutating func content(_ bytes: RawSpan, at offset: UInt64) {
            unsafe bytes.withUnsafeBytes { unsafe content += String(decoding: $0, as: UTF8.self) }
        }
        mutating func end() {
            if !content.isEmpty { entries[entries.count - 1] += " = \(content)" }
        }
    }

    private func entries(_ archive: [UInt8]) throws -> [String] {
        var entries = SystemEntries(Recorder())
        var reader = TarReader()
        let all = archive + TestArchives.end
        try unsafe reader.feed(all.span.bytes, to: &entries)
        try reader.finish(to: &entries)
        return entries.visitor.entries
    }

    private static let link = entry(Header("rootfs/bin/b", type: "1", link: "rootfs/bin/a"))
    private static let symbolic = entry(Header("rootfs/bin/c", type: "2", link: "/rootfs/bin/a"))

    @Test func aRootIsHandedOnAsItIs() throws {
        #expect(
            try entries(file("./etc/a", "1") + file("metadata.yaml", "2") + file("rootfs/x", "3"))
                == ["./etc/a = 1", "metadata.yaml = 2", "rootfs/x = 3"])
    }

    @Test(arguments: ["", "./", "/"])
    func anImageInOneFileHasItInAFolder(prefix: String) throws {
        let describing = file("\(prefix)metadata.yaml", "m") + file("\(prefix)templates/a.tpl", "t")
        let system =
            entry(Header("\(prefix)rootfs/", type: "5", mode: 0o755)) + file("\(prefix)rootfs/bin/a", "1") + Self.link
            + Self.symbolic
        let expected = [".", "bin/a = 1", "bin/b -> bin/a", "bin/c -> /rootfs/bin/a"]
        let folder = prefix == "./" ? entry(Header("./", type: "5")) : []
        let first = prefix == "./" ? ["./"] : []
        #expect(try entries(folder + describing + system) == first + expected)
        #expect(try entries(folder + system + describing) == first + expected)
    }

    @Test func whatIsNeitherIsRefused() throws {
        for (bad, reason) in [
            (file("etc/passwd", "x"), LayerError.Reason.besideSystem), (file("rootfs.img", "x"), .besideSystem),
            (file("metadata.yaml2", "x"), .besideSystem),
            (entry(Header("rootfs/a", type: "1", link: "metadata.yaml")), .badHardLink),
            (entry(Header("rootfs/a", type: "1", link: "rootfs")), .badHardLink),
            (entry(Header("rootfs/a", type: "1", link: "../rootfs/b")), .badHardLink),
        ] {
            let error = #expect(throws: LayerError.self) { try entries(file("metadata.yaml", "m") + bad) }
            #expect(error?.reason == reason)
        }
        // What leads out of the folder is for whoever unpacks it to refuse.
        #expect(try entries(file("metadata.yaml") + file("rootfs/../etc/a", "1")) == ["../etc/a = 1"])
    }
}
