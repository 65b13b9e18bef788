import Foundation
import Glibc
import Tar
import TestArchives
import Testing

/// What real tools write is read as the file system has it.
@Suite struct ToolTests {
    private static let plain = """
        printf hello > file; chmod 4751 file; touch -d '2001-02-03 04:05:06Z' file
        : > empty; mkdir folder folder/deep; chmod 1777 folder; printf more > folder/deep/file
        ln -s folder/deep link; ln file folder/hard; head -c 20000 /dev/zero | tr '\\0' x > block
        touch -d '1999-12-31 23:59:59Z' folder/deep
        """

    private static let odd = """
        n100=$(printf '%0100d' 7); n255=$(printf '%0255d' 7); d100=$(printf '%0100d' 8); d255=$(printf '%0255d' 8)
        for name in $(printf '%099d' 7) $n100 ${n100}8 $n255; do printf $name > $name; ln -s $name $name.l 2>/dev/null || :; done
        ln -s $n255$n255$n255 far; ln $n255 hard
        mkdir -p $d100/$d100/$d100; printf deep > $d100/$d100/$d100/$n100
        (for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do mkdir $d255; cd ./$d255; done; printf deepest > file)
        printf umlaut > "$(printf 'l\\303\\244nge')"; printf latin > "$(printf 'l\\344nge')"
        printf old > old; touch -d '1960-01-01 00:00:00Z' old; printf late > late; touch -d '2200-01-01 00:00:00.000000001Z' late
        mkfifo fifo; mkdir "a folder"
        """

    /// What only root may make.
    private static let special = "mknod null c 1 3; mknod disk b 259 70000; chown 3000000000:2097152 old"

    @Test("Old formats, from every tool", arguments: Writer.old)
    func old(writer: Writer) throws { try check(writer, Self.plain, hasFractions: false) }

    @Test("New formats, from every tool", arguments: Writer.new)
    func new(writer: Writer) throws {
        let script = Self.plain + "\n" + Self.odd + (geteuid() == 0 ? "\n" + Self.special : "")
        let hasFractions =
            writer.command.contains("posix") || writer.command.contains("pax") || writer.command.contains("PAX")
        try check(writer, script, hasFractions: hasFractions)
    }

    private func check(_ writer: Writer, _ script: String, hasFractions: Bool) throws {
        let tree = try Tree(script)
        defer { tree.remove() }
        let isIncremental = writer.command.contains("incremental")
        let archive = try tree.pack(writer.command)
        let reading = read(archive)
        // GNU's incremental archives list folders in entries of their own type.
        if isIncremental {
            #expect(reading.error?.reason == .unsupported || reading.error?.reason == .ambiguous)
            return
        }
        #expect(reading.error == nil)
        #expect(try reading.entries.count == tree.count())
        var first: [UInt64: String] = [:]
        for seen in reading.entries {
            let path = String(decoding: seen.path, as: UTF8.self)
            // Foundation takes no paths that are not UTF-8.
            guard path.utf8.elementsEqual(seen.path) else { continue }
            let status = try tree.status(path)
            #expect(seen.mode == UInt32(status.st_mode) & 0o7777, "\(path)")
            #expect(seen.uid == status.st_uid && seen.gid == status.st_gid, "\(path)")
            // Python's times are floating point numbers, bsdtar's of GNU's format have a range of their own.
            if !writer.command.contains("python"), !writer.command.contains("gnutar") {
                let nanoseconds = hasFractions ? UInt32(status.st_mtim.tv_nsec) : 0
                #expect(
                    seen.modified == TarTime(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: nanoseconds), "\(path)"
                )
            }
            switch seen.kind {
            case .file:
                #expect(status.st_mode & S_IFMT == S_IFREG && seen.size == status.st_size)
                if path.utf8.count < 1000 { #expect(try seen.bytes == tree.content(path), "\(path)") }
                first[UInt64(status.st_ino)] = path
            case .hardLink: #expect(first[UInt64(status.st_ino)] == seen.target)
            case .directory: #expect(status.st_mode & S_IFMT == S_IFDIR)
            case .symbolicLink: #expect(try seen.target == tree.target(path))
            case .fifo: #expect(status.st_mode & S_IFMT == S_IFIFO)
            case .characterDevice, .blockDevice:
                #expect(status.st_mode & S_IFMT == (seen.kind == .blockDevice ? S_IFBLK : S_IFCHR))
                #expect(device(seen.device[0], seen.device[1]) == status.st_rdev)
            }
        }
    }

    static let sparse = [
        Writer.gnu("--format=gnu --sparse"), .gnu("--format=oldgnu --sparse"),
        .gnu("--format=posix --sparse --sparse-version=0.0"), .gnu("--format=posix --sparse --sparse-version=0.1"),
        .gnu("--format=posix --sparse --sparse-version=1.0"), .bsd("--format=pax"),
    ]

    @Test("Holes, from every tool", arguments: sparse)
    func holes(writer: Writer) throws {
        let name = String(repeating: "s", count: 120)
        let tree = try Tree(
            """
            truncate -s 1M hole; truncate -s 600000 \(name)
            for at in $(seq 0 8192 500000); do printf "at $at" | dd of=\(name) bs=1 seek=$at conv=notrunc status=none; done
            printf end | dd of=tail bs=1 seek=300000 status=none; printf full > full
            """)
        defer { tree.remove() }
        let reading = read(try tree.pack(writer.command), chunks: [7, 512, 513])
        #expect(reading.error == nil && reading.entries.count == 5)
        #expect(reading.entries.filter(\.isSparse).count == 3)
        for seen in reading.entries where seen.kind == .file {
            #expect(try seen.bytes == tree.content(seen.name), "\(seen.name)")
            if seen.isSparse { #expect(seen.content.reduce(0) { $0 + $1.bytes.count } < Int(seen.size) * 7 / 8) }
        }
    }

    @Test(
        "Extended attributes, from every tool",
        arguments: [
            Writer.gnu("--format=posix --xattrs --xattrs-include=*"), .bsd("--format=pax"),
            Writer(
                "python3 -c 'import sys, tarfile; t = tarfile.open(fileobj=sys.stdout.buffer, mode=\"w|\", format=tarfile.PAX_FORMAT); "
                    + "i = t.gettarinfo(\"tree/file\"); i.pax_headers = {\"SCHILY.xattr.user.kind\": \"a=b\"}; t.addfile(i, open(\"tree/file\", \"rb\")); t.close()'"
            ),
        ])
    func attributes(writer: Writer) throws {
        let tree = try Tree("printf x > file")
        defer { tree.remove() }
        do {
            try tree.run("python3 -c 'import os; os.setxattr(\"tree/file\", \"user.kind\", b\"a=b\")'")
        } catch {
            return  // A file system without them.
        }
        let reading = read(try tree.pack(writer.command))
        #expect(reading.error == nil)
        #expect(reading.entries.last?.attributes == ["user.kind": Array("a=b".utf8)])
    }

    @Test(
        "What is no part of an image is refused",
        arguments: [
            Writer("tar -C tree -V label -cf - ."),
            Writer("tar -C tree --format=gnu --listed-incremental=snapshot -cf - ."),
        ])
    func unsupported(writer: Writer) throws {
        let tree = try Tree("printf x > file")
        defer { tree.remove() }
        // Times of incremental archives stand where others have a prefix of the name.
        let reason = read(try tree.pack(writer.command)).error?.reason
        #expect(reason == .unsupported || reason == .ambiguous)
    }
}

/// A device's number as Linux has it (makedev(3)).
private func device(_ major: UInt32, _ minor: UInt32) -> UInt64 {
    let (major, minor) = (UInt64(major), UInt64(minor))
    return minor & 0xff | (major & 0xfff) << 8 | (minor & ~0xff) << 12 | (major & ~0xfff) << 32
}
