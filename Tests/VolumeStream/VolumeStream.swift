import Glibc
import SendStream
import SystemPackage

/// Drives the SendStream module where a real ZFS is to judge it (Tests/OpenZFS/cases/send-streams.sh):
///
///     volume-stream write BLOCK DISK [ORIGIN…]  a volume's stream of a raw disk, to stdout: whole, or, with the disks that
///                                               it builds on, the next one first, as an increment
///     volume-stream read DISK                   a volume's stream, from stdin, onto a raw disk: of an increment, its origin's
///     volume-stream check                       reads any stream, from stdin, and prints what it was
@main enum VolumeStream {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        switch (words.first, words.count) {
        case ("write", 3...):
            let disks = try words.dropFirst(2).map { try Disk($0) }
            guard let block = Int(words[2]) else { return usage() }
            try write(disks[0], on: Array(disks.dropFirst()), blockSize: block)
        case ("read", 2):
            try read(
                onto: FileDescriptor.open(
                    FilePath(words[2]), .readWrite, options: .create, permissions: [.ownerReadWrite]))
        case ("check", 1): try check()
        default: usage()
        }
    }

    private static func usage() {
        print("usage: volume-stream write BLOCK DISK [ORIGIN…] | read DISK | check")
        exit(2)
    }

    // MARK: Writing

    private static func write(_ disk: Disk, on origins: [Disk], blockSize: Int) throws {
        var snapshot = VolumeSnapshot(
            name: "images/disk@final", guid: 1, created: 1_700_000_000, size: disk.size, blockSize: blockSize)
        var below: VolumeSnapshot.Origin?
        for one in origins.reversed() + [disk] {
            snapshot.size = one.size
            let size = try snapshot.volumeSize()
            snapshot.origin = below
            snapshot.guid = SnapshotGUID.derive(
                content: try one.digest(), blockSize: blockSize, volumeSize: size, originGUID: below?.guid)
            below = .init(guid: snapshot.guid, size: size)
        }
        var output = Output()
        var writer = try VolumeWriter(snapshot)
        try writer.begin(to: &output)
        if let origin = origins.first {
            let places = try Set([disk, origin].flatMap { try $0.blocks(of: blockSize) })
            for offset in places.sorted() where offset < disk.size {
                let new = try disk.read(offset, blockSize)
                let old = try origin.read(offset, blockSize)
                if new + Array(repeating: 0, count: max(0, old.count - new.count))
                    != old + Array(repeating: 0, count: max(0, new.count - old.count))
                {
                    try writer.write(new.span.bytes, at: offset, to: &output)
                }
            }
        } else {
            try disk.eachPart { try writer.write($0, at: $1, to: &output) }
        }
        try writer.finish(to: &output)
        try writer.end(to: &output)
        try output.flush()
    }

    // MARK: Reading

    private static func read(onto disk: FileDescriptor) throws {
        var snapshot = SnapshotStream()
        var reader = StreamReader()
        var blocks = VolumeBlocks(Patch(disk: disk))
        try input { bytes in try snapshot.feed(bytes) { try reader.feed($0, to: &blocks) } }
        try snapshot.finish()
        try reader.finish()
    }

    private static func check() throws {
        var reader = StreamReader()
        var seen = Seen()
        try input { try reader.feed($0, to: &seen) }
        try reader.finish()
        print(
            "\(seen.streams) streams, \(seen.records) records, features: \(seen.features.names.joined(separator: " "))")
    }

    private static func input(_ body: (RawSpan) throws -> Void) throws {
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try FileDescriptor.standardInput.read(into: $0) }
            guard count > 0 else { return }
            let part = Array(chunk[..<count])
            try body(part.span.bytes)
        }
    }
}

// lseek(2); the C library shows them to those only who ask for its extensions.
private let seekData: CInt = 3
private let seekHole: CInt = 4

/// A raw disk.
private struct Disk {
    let file: FileDescriptor
    let size: UInt64

    init(_ path: String) throws {
        file = try FileDescriptor.open(FilePath(path), .readOnly)
        size = UInt64(try file.seek(offset: 0, from: .end))
    }

    /// Fewer bytes at the end.
    func read(_ offset: UInt64, _ count: Int) throws -> [UInt8] {
        guard offset < size else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(min(UInt64(count), size - offset)))
        var done = 0
        while done < bytes.count {
            let got = try bytes.withUnsafeMutableBytes {
                try file.read(fromAbsoluteOffset: Int64(offset) + Int64(done), into: .init(rebasing: $0[done...]))
            }
            guard got > 0 else { throw Errno.ioError }
            done += got
        }
        return bytes
    }

    /// What is no hole.
    func eachPart(_ body: (RawSpan, UInt64) throws -> Void) throws {
        try eachRange { range in
            for place in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20) {
                let bytes = try read(UInt64(place), min(1 << 20, range.upperBound - place))
                try body(bytes.span.bytes, UInt64(place))
            }
        }
    }

    /// Where the blocks begin that are not all hole.
    func blocks(of size: Int) throws -> Set<UInt64> {
        var places: Set<UInt64> = []
        try eachRange { range in
            let first = range.lowerBound / size * size
            for place in stride(from: first, to: range.upperBound, by: size) { places.insert(UInt64(place)) }
        }
        return places
    }

    private func eachRange(_ body: (Range<Int>) throws -> Void) throws {
        var offset = 0
        while true {
            let start = lseek(file.rawValue, offset, seekData)
            // There is no more.
            if start < 0, errno == ENXIO { return }
            let end = lseek(file.rawValue, start, seekHole)
            guard start >= 0, end >= start else { throw Errno(rawValue: errno) }
            try body(start..<end)
            offset = end
        }
    }

    func digest() throws -> [UInt8] {
        var digest = SparseDigest()
        try eachPart { try digest.add($0, at: $1) }
        return digest.finalize()
    }
}

private struct Output: StreamSink {
    private var bytes: [UInt8] = []

    mutating func write(_ more: RawSpan) throws {
        more.withUnsafeBytes { bytes.append(contentsOf: $0) }
        if bytes.count > 1 << 20 { try flush() }
    }

    mutating func flush() throws {
        try FileDescriptor.standardOutput.writeAll(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}

/// Makes a disk of what a stream says.
private struct Patch: VolumeVisitor {
    let disk: FileDescriptor

    mutating func begin(_ header: StreamHeader, blockSize: Int?) {}

    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws {
        try bytes.withUnsafeBytes { _ = try disk.writeAll(toAbsoluteOffset: Int64(offset), $0) }
    }

    mutating func hole(at offset: UInt64, count: UInt64) throws {
        let size = UInt64(try disk.seek(offset: 0, from: .end))
        guard offset < size else { return }
        let end = min(size, offset + min(count, size - offset))
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        for place in stride(from: offset, to: end, by: zeros.count) {
            let count = min(zeros.count, Int(end - place))
            try zeros.withUnsafeBytes {
                _ = try disk.writeAll(toAbsoluteOffset: Int64(place), UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
        }
    }

    mutating func end(size: UInt64?) throws {
        if let size, ftruncate(disk.rawValue, off_t(size)) != 0 { throw Errno(rawValue: errno) }
    }
}

private struct Seen: StreamVisitor {
    var streams = 0
    var records = 0
    var features: StreamFeatures = []

    mutating func begin(_ header: StreamHeader, properties: NameValueList?) { features.formUnion(header.features) }
    mutating func record(_ record: StreamRecord, payload: RawSpan) { records += 1 }
    mutating func end() { streams += 1 }
}
