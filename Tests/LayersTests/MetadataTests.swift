import Glibc
import Layers
import SystemPackage
import Tar
import TestArchives
import Testing

/// What a file system does not take of an entry, and what must not get into an image.
@Suite struct MetadataTests {
    @Test("An error of the file system names the entry")
    func naming() {
        let ground = Ground()
        let layer = file("fine") + pax(["path": String(repeating: "d/", count: 200) + "x"]) + file("x")
        // Its value is longer than any may be (xattr(7)).
        let value = String(repeating: "v", count: 70_000)
        let error = ground.unpack(layer + pax(["SCHILY.xattr.user.big": value]) + file("folder/file") + end).error
        guard let failure = error as? EntryError else {
            Issue.record("another error: \(error.map { "\($0)" } ?? "none")")
            return
        }
        #expect(failure.path == "folder/file" && failure.description.contains("user.big"), "\(failure)")
    }

    @Test("Attributes that a link or fifo cannot have are lost, and counted", .enabled(if: geteuid() == 0))
    func attributesOfLinks() throws {
        let ground = Ground()
        let attribute = pax(["SCHILY.xattr.user.a": "1"])
        let archive =
            attribute + symlink("link", "file") + attribute + Header("fifo", type: "6").sealed + attribute
            + Header("null", type: "3").sealed + pax(["SCHILY.xattr.nobody.knows": "1"]) + file("file") + end
        let extractor = try LayerExtractor(root: ground.root, hasLower: false)
        var reader = TarReader()
        var visitor = extractor
        try reader.feed(archive.span.bytes, to: &visitor)
        try reader.finish(to: &visitor)
        try extractor.finish()
        #expect(extractor.lostAttributes == 4)
        #expect(ground.run("cd root && ls") == "fifo\nfile\nlink\nnull\n")
    }

    @Test(
        "Times that no file system has are cut",
        arguments: ["-9223372036854775808", "-62135596800", "4294967296", "17179869184", "99999999999999999999"])
    func times(_ time: String) {
        let ground = Ground()
        let header = pax(["mtime": time])
        let archive = header + folder("d") + header + file("d/f") + header + symlink("l", "d") + end
        #expect(ground.unpack(archive).error == nil)
        #expect(ground.run("cd root && ls d") == "f\n")
    }

    @Test("Who is nobody changes no owner", .enabled(if: geteuid() == 0))
    func nobody() {
        let ground = Ground()
        let header = Header("d", type: "5", gid: 8).with(108, base256(Int64(UInt32.max), 8))
        #expect(ground.unpack(Header("d", type: "5", uid: 5, gid: 6).sealed + end, header.sealed + end).error == nil)
        #expect(ground.run("stat -c '%u %g' root/d") == "5 8\n")
    }

    @Test(
        "A folder has the set-group-ID bit of its entry alone, whatever the one above has", .enabled(if: geteuid() == 0)
    )
    func inheritedGroup() {
        let ground = Ground()
        let above = Header("var", type: "5", mode: 0o2775, uid: 0, gid: 50).sealed
        let archive =
            above + Header("var/plain", type: "5", mode: 0o755, uid: 1000, gid: 1000).sealed
            + Header("var/same", type: "5", mode: 0o755, gid: 50).sealed
            + Header("var/set", type: "5", mode: 0o2755, uid: 1000, gid: 1000).sealed
        let again = Header("var", type: "5", mode: 0o775, uid: 7, gid: 50).sealed
        #expect(ground.unpack(archive + end).error == nil)
        #expect(
            ground.run("cd root && stat -c '%a %u %g' var var/*")
                == "2775 0 50\n755 1000 1000\n755 0 50\n2755 1000 1000\n")
        #expect(ground.unpack(above + end, again + end).error == nil)
        #expect(ground.run("stat -c '%a %u %g' root/var") == "775 7 50\n")
    }

    @Test("Folders keep their times when there are more than are kept in mind")
    func manyFolders() throws {
        let ground = Ground()
        let folders = (0..<4200).flatMap { folder("d/\($0)") + file("d/\($0)/f") }
        #expect(ground.unpack(folder("d") + folders + file("d/late") + end).error == nil)
        #expect(ground.run("cd root && find d -type d -printf '%Ts\\n' | sort | uniq -c | tr -s ' '") == " 4201 1000\n")
        // Again, on top of a lower layer: in the same order, so that each folder is changed after its time was set.
        try ground.add((0..<4200).flatMap { file("d/\($0)/g") + file("d/\($0)/.wh.f") } + end)
        #expect(ground.run("cd root && find d -type d -printf '%Ts\\n' | sort | uniq -c | tr -s ' '") == " 4201 1000\n")
    }

    @Test("Whiteouts that must be known beforehand have a limit")
    func manyWhiteouts() throws {
        let folders = String(repeating: "d/", count: 1900)
        var reader = TarReader()
        var scan = WhiteoutScan()
        let error = #expect(throws: LayerError.self) {
            for number in 0..<20_000 {
                let entries = pax(["path": "\(folders).wh.\(number)"]) + file("x")
                try reader.feed(entries.span.bytes, to: &scan)
            }
        }
        #expect(error?.reason == .tooManyWhiteouts && reader.entryCount < 10_000)
    }

    @Test("A folder of more names than are read at a time is hidden as a whole")
    func manyNames() {
        let ground = Ground()
        let names = (0..<3000).flatMap { file("d/\($0)") } + file("e/1")
        #expect(ground.unpack(names + end, file("d/.wh..wh..opq") + file(".wh.e") + end).error == nil)
        #expect(ground.run("find root | sort") == "root\nroot/d\n")
    }
}
