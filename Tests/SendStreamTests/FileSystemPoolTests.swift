import Glibc
import SendStream
import SystemPackage
import TestHost
import Testing

/// File systems in streams of a real ZFS: what is read must be what is mounted.
@Suite(.enabled(if: geteuid() == 0, "a pool takes root"), .serialized) struct FileSystemPoolTests {
    /// All kinds of files, in thousands.
    private static let fill = """
        umask 022; cd "$m"
        cp -a /etc etc 2>/dev/null || true
        cp -a /usr/share/perl5 perl5 2>/dev/null || cp -a /usr/share/doc doc 2>/dev/null || true
        mkdir many; i=0; while [ $i -lt 3000 ]; do : > "many/a name that is not short, number $i"; i=$((i+1)); done
        echo one > first; ln first second; mkdir deep; ln first deep/third
        mkfifo fifo; mknod null c 1 3; mknod disk b 259 300000
        cp /bin/true setuid; chmod 4755 setuid; chmod 1777 deep; chown 1234:4321 first
        ln -s "$(printf '%0300d' 1)" long; ln -s short/target short; ln -s "$(printf '%099d' 2)" middle
        dd if=/dev/urandom of=sparse bs=4096 count=3 seek=2500 2>/dev/null; truncate -s 12345678 sparse
        truncate -s 99999 holes; printf 'x' > 'grüße'; printf 'yy' > 'two
        lines'; : > empty; mkdir 'no entries'
        head -c 3000000 /dev/urandom > random; touch -d '1999-12-31 23:59:59.123456789' random
        touch -d '1960-01-01 00:00:00' empty
        """

    @Test("Tree, attributes and content are those of the mounted file system, and of its increments")
    func same() async throws {
        let sandbox = try await Sandbox.make()
        // It takes its pool along when it goes.
        defer { withExtendedLifetime(sandbox) {} }
        let dataset = "\(sandbox.pool)/files"
        let folder = try await mount(dataset)
        try await Tool.shell("m='\(folder)'; \(Self.fill)\ncd /; sync; zfs snapshot \(dataset)@one")
        let one = try send("\(dataset)@one")
        try check(readFileSystem([one]), folder)

        // All that an increment can do: removed, made anew, changed, grown, cut, renamed; a directory that outgrows its block.
        try await Tool.shell(
            """
            cd '\(folder)'; rm -rf etc/apt perl5/* many/*1; mv deep deeper; rm second; echo more >> first
            i=0; while [ $i -lt 500 ]; do echo $i > "no entries/and this one has quite a few by now: $i"; i=$((i+1)); done
            truncate -s 1000000 random; dd if=/dev/urandom of=sparse bs=1000 count=9 seek=77 conv=notrunc 2>/dev/null
            cp /etc/passwd holes; chmod 700 setuid; chown 77 fifo; ln -sf elsewhere short
            head -c 300000 /dev/urandom >> 'grüße'; mkdir new; head -c 5000 /dev/urandom > new/file
            cd /; sync; zfs snapshot \(dataset)@two
            """)
        let two = try send("-i @one \(dataset)@two")
        try check(readFileSystem([one, two]), folder)
        try check(readFileSystem([try send("\(dataset)@two")]), folder)
        // In one frame: -R sends both.
        try check(readFileSystem([try send("-R \(dataset)@two")]), folder)
        #expect(readFileSystem([two]).error?.reason == .missingOrigin)
    }

    @Test("Extended attributes are read", .enabled(if: unsafe access("/usr/bin/python3", X_OK) == 0))
    func attributes() async throws {
        let sandbox = try await Sandbox.make()
        // It takes its pool along when it goes.
        defer { withExtendedLifetime(sandbox) {} }
        let dataset = "\(sandbox.pool)/files"
        let folder = try await mount(dataset)
        let result = try Corpus.output(
            of: """
                python3 - 2>&1 <<'E' || true
                import os
                open('\(folder)/file', 'w').write('content')
                try:
                    os.setxattr('\(folder)/file', 'user.small', b'value')
                    os.setxattr('\(folder)/file', 'user.large', b'x' * 20000)
                    os.setxattr('\(folder)', 'user.root', b'')
                except OSError as error: print(error)
                E
                """)
        try await Tool.shell("cd /; sync; zfs snapshot \(dataset)@one")
        let reading = readFileSystem([try send("\(dataset)@one")])
        #expect(reading.error == nil && reading["file"]?.content == Array("content".utf8))
        // Whether it has any depends on how it is mounted.
        guard result.isEmpty else { return }
        let attributes = Dictionary(
            uniqueKeysWithValues: (reading["file"]?.attributes.extendedAttributes ?? []).map {
                (String(decoding: $0.name, as: UTF8.self), $0.value)
            })
        #expect(
            attributes == ["user.small": Array("value".utf8), "user.large": [UInt8](repeating: 0x78, count: 20000)])
        #expect(reading[""]?.attributes.extendedAttributes.map(\.value) == [[]])
    }

    @Test("What is written is received and mounted as it was meant, lives on, and is sound")
    func written() async throws {
        let sandbox = try await Sandbox.make()
        // It takes its pool along when it goes.
        defer { withExtendedLifetime(sandbox) {} }
        let dataset = "\(sandbox.pool)/written"
        var files = try NewFiles.everything()
        // For their numbers, each system has a form of its own.
        for name in ["null", "disk"] { files.draft.remove(Array(name.utf8), from: FileSystemDraft.root) }
        let stream = try files.stream()
        let folder = TestFolder.make("stream")
        defer { TestFolder.remove(folder) }
        let file = folder.appending("stream")
        let descriptor = try FileDescriptor.open(
            file, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        try descriptor.closeAfter { _ = try descriptor.writeAll(stream) }
        try await Tool.shell("zfs receive \(dataset) < '\(file)'; zfs mount \(dataset) 2>/dev/null || true")
        let mounted = String(
            try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", dataset).prefix { $0 != "\n" })
        let reading = readFileSystem([stream])
        try check(reading, mounted)
        let snapshot = String(
            try await Tool.run("zfs", "list", "-H", "-o", "name", "-t", "snapshot", "-r", dataset)
                .prefix { $0 != "\n" })
        let back = try send(snapshot)
        #expect(
            read(back, chunks: [1 << 16]).headers.first?.guid == read(stream, chunks: [1 << 16]).headers.first?.guid)
        try check(readFileSystem([back]), mounted)

        // Directories grow and shrink, files change, rights are looked up and changed; all names are found.
        try await Tool.shell(
            """
            cd '\(mounted)'
            for i in 1 2 3 2000 2046; do test -f micro/$i; test -d fat/$i; done
            for i in $(seq 1 300); do : > "micro/new $i"; : > "fat/one more with a name that is long, number $i"; done
            for f in near/*; do test -f "$f"; done; cp -r near nearer; rm near/*a*
            rm fat/one*2*; rmdir fat/1*; rm micro/1*; mv names/aaa names/moved; rm third; ln etc/one fourth
            echo more >> a/size-5; truncate -s 100 a/size-8; echo x > etc/empty/x; chmod 640 etc/os-release; rm mode-*
            echo middle | dd of=a/sparse bs=1 seek=1500000 conv=notrunc 2>/dev/null; chown 5:6 fifo; ln -sf new short
            cd /; sync; zfs snapshot \(dataset)@later
            """)
        let later = try send("\(dataset)@later")
        try check(readFileSystem([later]), mounted)
        try check(readFileSystem([back, try send("-i \(snapshot) \(dataset)@later")]), mounted)
        let state = try await Tool.shell(
            """
            zpool scrub \(sandbox.pool)
            for i in $(seq 1 3000); do zpool status \(sandbox.pool) | grep -q 'in progress' || break; sleep 0.2; done
            zpool status -v \(sandbox.pool)
            """)
        #expect(state.contains("with 0 errors") && state.contains("No known data errors"), "\(state)")
    }

    private func mount(_ dataset: String) async throws -> String {
        try await Tool.shell("zfs create \(dataset)")
        return String(
            try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", dataset).prefix { $0 != "\n" })
    }

    private func send(_ what: String) throws -> [UInt8] { try Corpus.output(of: "exec zfs send \(what)") }

    /// Compares with what `find` says of a folder.
    private func check(_ reading: FileSystemReading, _ folder: String, at location: SourceLocation = #_sourceLocation)
        throws
    {
        #expect(reading.error == nil, sourceLocation: location)
        let listing = try Corpus.output(
            of: #"cd '\#(folder)' && find . -printf '%P\t%y %m %U %G %s %n %T@ %i\t%l\0'"#)
        var there: Set<String> = []
        var inodes: [Substring: String] = [:]
        for line in String(decoding: listing, as: UTF8.self).split(separator: "\0") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            let path = String(fields[0])
            there.insert(path)
            guard let file = reading[path] else {
                Issue.record("\(path) is missing", sourceLocation: location)
                continue
            }
            let words = fields[1].split(separator: " ")
            // Of directories, file systems count links differently.
            let links = words[0] == "d" ? "\(file.attributes.linkCount)" : words[5]
            let expected = "\(words[0..<4].joined(separator: " ")) \(links)"
            #expect(Self.text(file.attributes) == expected, "\(path)", sourceLocation: location)
            // FUSE tells whole seconds.
            let seconds = words[6].prefix { $0 != "." }
            #expect("\(file.attributes.modified)" == seconds, "\(path)", sourceLocation: location)
            switch file.attributes.kind {
            case .symbolicLink:
                #expect(file.attributes.linkTarget == Array(fields[2].utf8), "\(path)", sourceLocation: location)
            case .file:
                let content = try bytes(of: "\(folder)/\(path)")
                #expect(file.content == content, "\(path)", sourceLocation: location)
            case .characterDevice, .blockDevice:
                var status = stat()
                #expect(unsafe stat("\(folder)/\(path)", &status) == 0)
                // As glibc takes it apart (makedev(3)).
                let device = UInt64(status.st_rdev)
                let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
                let minor = device & 0xff | device >> 12 & ~0xff
                #expect(UInt64(file.attributes.deviceMajor) == major & 0xffff_ffff, "\(path)", sourceLocation: location)
                #expect(UInt64(file.attributes.deviceMinor) == minor & 0xffff_ffff, "\(path)", sourceLocation: location)
            default: break
            }
            // Names of one file are told as such.
            if file.attributes.kind != .directory, file.attributes.linkCount > 1 {
                if let first = file.firstPath {
                    #expect(inodes[words[7]] == nil || inodes[words[7]] == first, sourceLocation: location)
                    inodes[words[7]] = first
                } else {
                    #expect(inodes[words[7]] == nil || inodes[words[7]] == path, sourceLocation: location)
                    inodes[words[7]] = path
                }
            }
        }
        #expect(there.symmetricDifference(reading.files.keys).isEmpty, sourceLocation: location)
        #expect(there.count > 2000, sourceLocation: location)
    }

    private func bytes(of path: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            var bytes = zeros(Int(try file.seek(offset: 0, from: .end)))
            let count = try unsafe bytes.withUnsafeMutableBytes {
                try unsafe file.read(fromAbsoluteOffset: 0, into: $0)
            }
            #expect(count == bytes.count)
            return bytes
        }
    }

    private static func text(_ attributes: FileAttributes) -> String {
        let kinds: [FileAttributes.Kind: String] = [
            .file: "f", .directory: "d", .symbolicLink: "l", .characterDevice: "c", .blockDevice: "b", .fifo: "p",
            .socket: "s",
        ]
        let mode = String(attributes.permissions, radix: 8)
        let links = attributes.linkCount
        return
            "\(kinds[attributes.kind] ?? "?") \(mode) \(attributes.owner ?? .max) \(attributes.group ?? .max) \(links)"
    }
}
