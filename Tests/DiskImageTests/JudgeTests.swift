import DiskImage
import Glibc
import TestHost
import Testing

/// What `qemu-img` makes, and what it makes of it, against what this module reads.
///
/// IMGADM_DISK_VARIANTS says how many variants are tried; without it, those that are done within a minute (`make test-disks`: 240).
@Suite(.serialized) struct JudgeTests {
    private static let count = getenvInt("IMGADM_DISK_VARIANTS") ?? 40
    private static let workers = 2

    @Test("Every disk image is read as qemu-img reads it, as a file and as a stream", arguments: 0..<workers)
    func variants(worker: Int) async throws {
        for number in stride(from: worker, to: Self.count, by: Self.workers) {
            let variant = Variant(number)
            let folder = Folder()
            defer { folder.remove() }
            try folder.write(Self.tail, to: "tail.py")
            do {
                try await Tool.shell("cd \(folder.path)\n\(variant.script)")
                try judge(variant, folder.path)
            } catch {
                Issue.record("\(variant): \(error)\n\(variant.script)")
            }
        }
    }

    private func judge(_ variant: Variant, _ folder: String) throws {
        let room = Room()
        let limits = DiskLimits(reorderBytes: 1 << 20)
        var asFile = try Comparison(with: "\(folder)/want.raw")
        let reader = try DiskReader(try OpenFile("\(folder)/disk.img"), scratch: room, limits: limits)
        try asFile.finish(try reader.read(to: &asFile))
        var asStream = try Comparison(with: "\(folder)/want.raw")
        let stream = try FileStream("\(folder)/disk.img", seed: UInt64(variant.number))
        try asStream.finish(try DiskReader(stream: stream, scratch: Room(), limits: limits).read(to: &asStream))
    }

    /// Moves the tables of a streamOptimized VMDK that qemu-img made to its end, as other writers have them.
    static let tail = """
        import struct, sys
        data = open(sys.argv[1], 'rb').read()
        head = bytearray(data[:512])
        capacity, grain = struct.unpack_from('<QQ', head, 12)
        count, = struct.unpack_from('<I', head, 44)
        directory, overhead = struct.unpack_from('<QQ', head, 56)
        tables = -(-capacity // (grain * count))
        gts = struct.unpack_from('<%dI' % tables, data, directory * 512)
        out = bytearray(head) + data[512:overhead * 512]
        struct.pack_into('<Q', out, 56, 2 ** 64 - 1)
        pad = lambda b: bytes(b) + bytes(-len(b) % 512)
        marker = lambda n, t: pad(struct.pack('<QII', n, 0, t))
        new = []
        for gt in gts:
            table = [0] * count
            for i, sector in enumerate(struct.unpack_from('<%dI' % count, data, gt * 512)):
                if sector > 1:
                    lba, size = struct.unpack_from('<QI', data, sector * 512)
                    table[i] = len(out) // 512
                    out += pad(data[sector * 512:sector * 512 + 12 + size])
            if any(table):
                body = pad(struct.pack('<%dI' % count, *table))
                out += marker(len(body) // 512, 1)
                new.append(len(out) // 512)
                out += body
            else:
                new.append(0)
        body = pad(struct.pack('<%dI' % tables, *new))
        out += marker(len(body) // 512, 2)
        struct.pack_into('<Q', head, 56, len(out) // 512)
        out += body + marker(1, 3) + head + marker(0, 0)
        open(sys.argv[1], 'wb').write(out)
        """
}

private func getenvInt(_ name: String) -> Int? { unsafe getenv(name).flatMap { unsafe Int(String(cString: $0)) } }

/// A folder that is gone afterwards.
struct Folder {
    private let folder = TestFolder.make("disk")
    var path: String { "\(folder)" }

    func write(_ text: String, to name: String) throws {
        guard let file = unsafe fopen("\(path)/\(name)", "w") else { throw DiskTestError("\(name): errno \(errno)") }
        unsafe fputs(text, file)
        unsafe fclose(file)
    }

    func remove() { TestFolder.remove(folder) }
}
