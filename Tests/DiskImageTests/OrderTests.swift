import DiskImage
import TestHost
import Testing

/// What `qemu-img convert` writes is about in the order of the disk: so little of it comes before its turn, and none of that for
/// good, that a stream of it takes no room, however long it is.
@Suite struct OrderTests {
    private static let formats = [
        "qcow2", "qcow2 -o cluster_size=4k", "qcow2 -o cluster_size=2M",
        "qcow2 -o extended_l2=on,cluster_size=128k", "qcow2 -c", "qcow2 -c -o cluster_size=4k",
        "qcow2 -c -o compression_type=zstd", "vmdk", "vmdk -o subformat=streamOptimized", "vpc -o force_size=on",
        "vpc -o subformat=fixed,force_size=on", "vhdx", "vhdx -o block_size=1M",
    ]

    @Test("A stream of what qemu-img converts takes no room", arguments: formats)
    func inOrder(format: String) async throws {
        let folder = Folder()
        defer { folder.remove() }
        try folder.write(JudgeTests.tail, to: "tail.py")
        let isVMDK = format.hasSuffix("streamOptimized")
        try await Tool.shell(
            """
            cd \(folder.path)
            truncate -s 48M base.raw
            { head -c 30000000 /dev/urandom; seq 1 1000000; } |
                dd of=base.raw bs=1M seek=5 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O \(format) base.raw disk.img
            \(isVMDK ? "cp disk.img tail.img; python3 tail.py tail.img" : ":")
            """)
        for file in isVMDK ? ["disk.img", "tail.img"] : ["disk.img"] {
            let room = Room()
            var nobody = Nobody()
            let stream = try FileStream("\(folder.path)/\(file)", seed: 1)
            let reader = try DiskReader(stream: stream, scratch: room, limits: DiskLimits(reorderBytes: 10 << 20))
            #expect(try reader.read(to: &nobody) == 48 << 20)
            #expect(room.byteCount == 0, "\(format), \(file)")
        }
    }

    /// Of clusters of 512 bytes, each 128 KiB have one with the counts of references, which nobody reads: those alone are kept.
    @Test("Of what is never used, no more is kept than that", arguments: [false, true])
    func smallClusters(isInOrder: Bool) async throws {
        let folder = Folder()
        defer { folder.remove() }
        try await Tool.shell(
            """
            cd \(folder.path)
            if \(isInOrder); then
                head -c 20000000 /dev/urandom > base.raw; truncate -s 24M base.raw
                qemu-img convert -f raw -O qcow2 -o cluster_size=512 base.raw disk.img
            else
                qemu-img create -q -f qcow2 -o cluster_size=512 disk.img 24M
                qemu-io -f qcow2 disk.img > log -c 'write -P 2 10M 5M' -c 'write -P 1 0 10M' -c 'write -P 3 5M 2M' \
                    -c 'write -P 4 20M 4M' -c 'write -P 5 18M 1M'
                qemu-img convert -f qcow2 -O raw disk.img base.raw
            fi
            """)
        let room = Room()
        var disk = Flat(bytes: [UInt8](repeating: 0, count: 24 << 20))
        let stream = try FileStream("\(folder.path)/disk.img", seed: 1)
        let reader = try DiskReader(stream: stream, scratch: room, limits: DiskLimits(reorderBytes: 1 << 20))
        #expect(try reader.read(to: &disk) == 24 << 20)
        var base = disk.bytes
        let file = try OpenFile("\(folder.path)/base.raw")
        #expect(try unsafe base.withUnsafeMutableBytes { try unsafe file.read(at: 0, into: $0) } == base.count)
        #expect(disk.bytes == base)
        #expect(room.byteCount > 0)
        if isInOrder { #expect(room.byteCount < (20 << 20) / 16) }
    }
}

private struct Flat: DiskVisitor {
    var bytes: [UInt8]

    mutating func data(_ piece: RawSpan, at offset: UInt64) {
        let start = Int(offset)
        unsafe piece.withUnsafeBytes { unsafe bytes.replaceSubrange(start..<(start + $0.count), with: $0) }
    }
}

private struct Nobody: DiskVisitor {
    func data(_ bytes: RawSpan, at offset: UInt64) {}
}
