import Glibc
import Layers
import TestArchives
import Testing

/// What is unpacked is what GNU tar makes of the same archive.
@Suite(.enabled(if: geteuid() == 0, "files of other users take root")) struct TreeTests {
    @Test("Types, modes, owners, sizes, contents, times, links, attributes and devices are the same")
    func tree() throws {
        let ground = Ground()
        ground.run(
            """
            mkdir t && cd t && mkdir -p usr/lib 'a folder' deep/er/still; chmod 1777 'a folder'; chown 12:34 deep
            printf hello > file; chmod 4751 file; chown 1000:2000 file; touch -d '2001-02-03 04:05:06.789Z' file
            : > empty; ln file hard; ln -s usr/lib lib; ln -s /nowhere dangling; chown -h 7:8 dangling
            mkfifo fifo; mknod null c 1 3; mknod disk b 259 70000; chmod 2755 usr; truncate -s 5M hole; printf x >> hole
            head -c 3000000 /dev/urandom > random; printf a > deep/er/still/a; printf 'odd' > 'o dd\\name'
            setfattr -n user.kind -v value file 2>/dev/null; setfattr -n user.kind -v folder deep 2>/dev/null
            touch -d '1999-01-01Z' deep/er usr; touch -h -d '1990-01-01Z' lib; touch -d '1960-01-01Z' empty
            cd .. && tar --format=posix --xattrs --xattrs-include='*' --numeric-owner -S -cf archive -C t . && mkdir theirs &&
            tar --xattrs --xattrs-include='*' --numeric-owner -xpf archive -C theirs
            """)
        let archive = try #require(ground.bytes("archive"))
        #expect(ground.unpack(archive).error == nil)
        #expect(ground.tree() == ground.tree("theirs"))
        let times = "find . -type d -printf '%T@ %p\\n' | sort"
        #expect(ground.run("cd root && \(times)") == ground.run("cd theirs && \(times)"))
    }

    @Test("A folder of a lower layer keeps its time when something is made or hidden in it")
    func lowerTimes() {
        let ground = Ground()
        let below = folder("d") + file("d/a") + file("d/b")
        #expect(ground.unpack(below + end, file("d/c") + file("d/.wh.a") + end).error == nil)
        #expect(ground.run("stat -c %Y root/d; ls root/d") == "1000\nb\nc\n")
    }

    @Test("A folder described anew has what its last layer says")
    func redescribed() {
        let ground = Ground()
        let again = Header("d", type: "5", mode: 0o700, uid: 5, gid: 6, modified: 2000).sealed
        #expect(ground.unpack(folder("d") + file("d/a", "x") + end, again + end).error == nil)
        #expect(ground.run("stat -c '%a %u %g %Y' root/d; cat root/d/a") == "700 5 6 2000\nx")
    }
}

extension Ground {
    func bytes(_ name: String) -> [UInt8]? {
        guard let file = fopen("\(path)/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
