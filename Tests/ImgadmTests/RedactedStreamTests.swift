import TestHost
import Testing

extension EndToEnd {
    /// Image files from which a part of the content was left out (`zfs send --redact`), and those of which ZFS alone reads any.
    @Suite struct RedactedStreamTests {
        /// Makes of the stream of a file system one that lacks the first block of the file of a size, and the increment that brings it.
        private static let redact = """
            import struct, sys
            data, size = open('out/a.zfs', 'rb').read(), int(sys.argv[1])
            def records(data):
                place = 0
                while place < len(data):
                    kind = struct.unpack_from('<I', data, place)[0]
                    more = {1: lambda: (struct.unpack_from('<I', data, place + 28)[0] + 7) // 8 * 8,
                            3: lambda: struct.unpack_from('<Q', data, place + 32)[0]}.get(kind, lambda: 0)()
                    yield kind, bytearray(data[place:place + 312]), data[place + 312:place + 312 + more]
                    place += 312 + more
            def stream(records):
                sums, out = [0, 0, 0, 0], bytearray()
                def add(data):
                    for word in struct.unpack('<%dI' % (len(data) // 4), data):
                        sums[0] += word
                        for i in (1, 2, 3): sums[i] = (sums[i] + sums[i - 1]) % 2**64
                    out.extend(data)
                for kind, record, payload in records:
                    if kind == 5: record[8:40] = struct.pack('<4Q', *sums)
                    if kind: record[280:312] = bytes(32)
                    add(record + payload)
                return bytes(out)
            whole = list(records(data))
            file = next(struct.unpack_from('<Q', r, 8)[0] for k, r, p in whole
                        if k == 1 and len(p) >= 88 and struct.unpack_from('<Q', p, 80)[0] == size)
            def is_first(k, r): return k == 3 and r[8:16] == struct.pack('<Q', file) and r[24:32] == bytes(8)
            base, later = [], []
            for kind, record, payload in whole:
                record = bytearray(record)
                if kind == 0:
                    struct.pack_into('<Q', record, 16, 1 | (1 << 21) << 2)
                if is_first(kind, record):
                    later.append((kind, bytearray(record), payload))
                    record = bytearray(struct.pack('<2I3Q', 10, 0, file, 0, len(payload)) + bytes(280))
                    kind, payload = 10, b''
                base.append((kind, record, payload))
            begin = bytearray(whole[0][1])
            begin[48:56], begin[40:48] = begin[40:48], struct.pack('<Q', 7)
            open('redacted.zfs', 'wb').write(stream(base))
            open('later.zfs', 'wb').write(stream([(0, begin, b'')] + later + [whole[-1]]))
            """

        @Test func whatZFSAloneReadsIsNamedBeforeWhatItMakes() async throws {
            let box = try await Sandbox.make()
            for (kind, bit, word) in [
                (3, 24, "encrypted (raw)"), (2, 24, "encrypted (raw)"), (3, 0, "dedup"), (2, 0, "dedup"),
            ] {
                let run = try await box.shell(
                    """
                    cd \(box.root)
                    python3 -c "import struct, sys; sys.stdout.buffer.write(struct.pack(
                        '<2I3Q2I2Q', 0, 0, 0x2F5bacbac, 1 | (1 << \(bit)) << 2, 0, \(kind), 0, 7, 0) + b'a/b@c' + bytes(251))" > file
                    for command in 'extract -t' 'extract -C tree' 'export -o x.\(kind == 3 ? "raw" : "tar")'; do
                        ! imgadm $command file || exit 9
                    done; test ! -e tree
                    """)
                #expect(run.status == 0 && run.output.isEmpty, "\(run)")
                let errors = run.errors.split(separator: "\n").filter { $0.contains("error (UnsupportedImage)") }
                #expect(errors.count == 3 && errors.allSatisfy { $0.contains(word) }, "\(kind) \(word): \(run)")
            }
        }

        @Test func whatLacksNothingIsTakenOutAndTheRestIsNamed() async throws {
            let box = try await Sandbox.make()
            try box.write(Self.redact, to: "redact.py")
            func run(_ script: String) async throws -> Sandbox.Run {
                try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
            }
            let made = try await run(
                """
                mkdir -p r/etc r/b out; seq 1 3000 > r/etc/lines; ln r/etc/lines r/b/again; echo one > r/etc/one; ln -s one r/etc/link
                tar -C r -cf a.tar .; imgadm convert -q -c none -o out/a a.tar name=a version=1 os=linux
                python3 redact.py $(stat -c %s r/etc/lines)
                """)
            try #require(made.status == 0, "\(made)")

            let list = try await run("imgadm extract -t redacted.zfs")
            #expect(list.status == 0 && list.lines.count == 8, "\(list)")
            #expect(list.errors.contains("\"root/b/again\", \"root/etc/lines\" a part"), "\(list)")
            let inspected = try await run("imgadm inspect redacted.zfs")
            #expect(inspected.status == 0 && inspected.output.contains("file_system.redacted_files"), "\(inspected)")

            let all = try await run("imgadm extract -C tree redacted.zfs")
            #expect(all.status == 1 && all.errors.contains("error (UnsupportedImage)"), "\(all)")
            #expect(all.errors.contains("\"root/etc/lines\"") && all.errors.contains("(redacted)"), "\(all)")
            let there = try await run("cat tree/root/etc/one tree/root/etc/link; ls tree/root/etc tree/root/b")
            #expect(there.lines == ["one", "one", "tree/root/b:", "tree/root/etc:", "link", "one"], "\(there)")

            for command in [
                "extract redacted.zfs root/etc/lines", "extract -C new redacted.zfs root/etc/lines root/etc/one",
                "export -q -o new.tar redacted.zfs",
            ] {
                let refused = try await run("imgadm \(command)")
                #expect(refused.status == 1 && refused.output.isEmpty, "\(command): \(refused)")
                #expect(refused.errors.contains("(UnsupportedImage): of \"root/"), "\(command): \(refused)")
            }
            #expect(try await run("ls new/root/etc && test ! -e new.tar").lines == ["one"])
            let some = try await run("imgadm extract -t redacted.zfs root/etc/one")
            #expect(some.status == 0 && some.errors.isEmpty, "\(some)")
            let one = try await run("imgadm extract redacted.zfs root/etc/one")
            #expect(one.status == 0 && one.output == "one\n", "\(one)")

            let later = try await run(
                """
                imgadm extract -C both --origin redacted.zfs later.zfs; diff -r r both/root
                imgadm extract --origin redacted.zfs later.zfs root/etc/lines | cmp - r/etc/lines
                imgadm export -q -o both.tar --origin redacted.zfs later.zfs
                """)
            #expect(later.status == 0, "\(later)")
        }
    }
}
