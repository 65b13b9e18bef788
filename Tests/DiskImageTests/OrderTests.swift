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
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write(JudgeTests.tail, to: "tail.py")
        let isVMDK = format.hasSuffix("streamOptimized")
        try await Tool.shell(
            """
            cd \(folder.path)
            truncate -s 100M base.raw
            { head -c 80000000 /dev/urandom; seq 1 1000000; } |
                dd of=base.raw bs=1M seek=5 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O \(format) base.raw disk.img
            \(isVMDK ? "cp disk.img tail.img; python3 tail.py tail.img" : ":")
            """)
        for file in isVMDK ? ["disk.img", "tail.img"] : ["disk.img"] {
            let room = Room()
            var nobody = Nobody()
            let stream = try FileStream("\(folder.path)/\(file)", seed: 1)
            let reader = try DiskReader(stream: stream, scratch: room, limits: DiskLimits(reorderBytes: 10 << 20))
            #expect(try reader.read(to: &nobody) == 100 << 20)
            #expect(room.byteCount == 0, "\(format), \(file)")
        }
    }
}

private struct Nobody: DiskVisitor {
    func data(_ bytes: RawSpan, at offset: UInt64) {}
}
