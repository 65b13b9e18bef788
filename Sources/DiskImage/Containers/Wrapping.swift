import Compression

/// What a disk image is wrapped in.
enum Wrapping {
    case compressed(CompressionFormat)
    case archive

    static let sniffLength = 512

    /// - Parameter first: the first bytes of the file.
    static func of(_ first: [UInt8]) -> Wrapping? {
        let compression = CompressionFormat.sniff(first)
        if compression != .none { return .compressed(compression) }
        // POSIX ustar: the magic number is at byte 257.
        return first.count >= 262 && first[257..<262].elementsEqual("ustar".utf8) ? .archive : nil
    }

    /// Takes off all that is around the disk image: at most an archive, which may be compressed, and so may the disk in it.
    /// What is compressed twice would make a thousand times a thousand bytes of one.
    static func unwrap(
        _ stream: any ByteSource, _ limits: DiskLimits
    ) throws -> (source: any ByteSource, names: [String], archive: OVASource?) {
        var source = try PeekedSource(stream)
        var names: [String] = []
        var archive: OVASource?
        var isCompressed = false
        while let wrapping = of(source.first) {
            switch wrapping {
            case .compressed(let format):
                guard !isCompressed else {
                    throw DiskError(
                        .unsupported, at: 0,
                        "it is compressed as \(names.joined(separator: ", ")), and as \(format.rawValue) within")
                }
                isCompressed = true
                names.append(format.rawValue)
                source = try PeekedSource(try DecompressedSource(source, format, limits))
            case .archive:
                guard archive == nil else { throw DiskError(.unsupported, at: 0, "an archive in an archive") }
                let opened = OVASource(source, limits)
                archive = opened
                isCompressed = false
                source = try PeekedSource(opened)
                names.append(opened.name)
            }
        }
        return (source, names, archive)
    }
}

/// A stream whose first bytes were looked at.
struct PeekedSource: ByteSource {
    private(set) var first: [UInt8]
    private var given = 0
    private var source: any ByteSource

    init(_ source: any ByteSource) throws {
        var source = source
        var first = [UInt8](repeating: 0, count: Wrapping.sniffLength)
        var count = 0
        while count < first.count {
            let read = try unsafe first.withUnsafeMutableBytes {
                try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
            }
            if read == 0 { break }
            count += read
        }
        self.first = Array(first[..<count])
        self.source = source
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard given < first.count else { return try unsafe source.read(into: buffer) }
        let count = min(buffer.count, first.count - given)
        unsafe first.withUnsafeBytes {
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[given..<(given + count)]))
        }
        given += count
        return count
    }
}
