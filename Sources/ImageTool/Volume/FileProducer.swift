import Compression
import DiskImage
import Failure
import Glibc
import SendStream
import Tar

/// Makes the content of a file, a piece at a time.
protocol FileProducer {
    var output: ProducedBytes { get set }
    /// Adds to the output.
    ///
    /// - Returns: false once there is no more.
    mutating func step() throws -> Bool
}

/// What was made and not yet written.
struct ProducedBytes: ByteSink, StreamSink, TarSink {
    private var bytes: [UInt8] = []
    private var used = 0

    var count: Int { bytes.count - used }

    mutating func write(_ span: RawSpan) {
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func take(_ most: Int) -> [UInt8] {
        let count = min(most, count)
        if used == 0, count == bytes.count {
            defer { bytes = [] }
            return bytes
        }
        defer {
            used += count
            if used > 4 << 20 || used == bytes.count {
                bytes.removeSubrange(..<used)
                used = 0
            }
        }
        return Array(bytes[used..<(used + count)])
    }
}

extension OutputFile {
    /// Writes all that is produced, compressed.
    ///
    /// - Throws: what producing and writing throws.
    func write(_ producer: inout some FileProducer, _ compression: CompressionFormat) async throws {
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var isAtEnd = false
        try await StreamCompressor(compression, cores: cores).run { count in
            while producer.output.count < count, !isAtEnd { isAtEnd = try !producer.step() }
            return producer.output.take(count)
        } emit: { bytes in
            try write(bytes)
        }
    }
}

/// The bytes of a stream as they are, which must be a stream, whole and undamaged.
struct StreamCopy: FileProducer {
    var output = ProducedBytes()
    private let name: String
    private let next: ((RawSpan) throws -> Void) throws -> Bool
    private var reader = StreamReader()
    private var visitor = OnlySnapshot()

    init(_ name: String, _ next: @escaping ((RawSpan) throws -> Void) throws -> Bool) {
        self.name = name
        self.next = next
    }

    /// Of its one snapshot, known once all was produced; nil if it has several.
    var header: StreamHeader? { visitor.header }

    mutating func step() throws -> Bool {
        do {
            let more = try next { bytes in
                try reader.feed(bytes, to: &visitor)
                output.write(bytes)
            }
            if !more { try reader.finish() }
            return more
        } catch let error as StreamError {
            throw ImageTool.invalidVolume(name, error)
        }
    }
}

private struct OnlySnapshot: StreamVisitor {
    private(set) var header: StreamHeader?
    private var count = 0

    mutating func begin(_ header: StreamHeader, properties: NameValueList?) {
        // The head of a frame around streams (send -p, -R) is of none.
        guard !header.isCompound else { return }
        count += 1
        self.header = count == 1 ? header : nil
    }
    func record(_ record: StreamRecord, payload: RawSpan) {}
    func end() {}
}

/// A disk as it is, with its zeros.
struct RawImage: FileProducer, DiskVisitor {
    var output = ProducedBytes()
    private let content: VolumeContent
    private var writer: RawWriter
    /// What comes once the zeros before it were written.
    private var waiting: [(bytes: [UInt8], offset: UInt64)] = []
    private var isAtEnd = false

    private static let mostZeros: UInt64 = 1 << 20

    init(_ content: VolumeContent, size: UInt64) {
        self.content = content
        writer = RawWriter(size: size)
    }

    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws {
        guard waiting.isEmpty, offset == writer.reached else {
            waiting.append((unsafe bytes.withUnsafeBytes { unsafe Array($0) }, offset))
            return
        }
        try writer.write(bytes, at: offset, to: &output)
    }

    mutating func step() throws -> Bool {
        if let next = waiting.first {
            if try writer.fill(to: next.offset, most: Self.mostZeros, to: &output) { return true }
            waiting.removeFirst()
            try unsafe writer.write(next.bytes.span.bytes, at: next.offset, to: &output)
            return true
        }
        if isAtEnd { return try writer.fill(to: nil, most: Self.mostZeros, to: &output) }
        isAtEnd = try content.step(to: &self) != nil
        return true
    }
}

/// A disk as a qcow2 file.
struct QCOW2Image: FileProducer, DiskVisitor {
    var output = ProducedBytes()
    private let content: VolumeContent
    private var writer: QCOW2Writer
    private var hasBegun = false

    init(_ content: VolumeContent, size: UInt64, map: ClusterMap) throws {
        self.content = content
        writer = try QCOW2Writer(size: size, map: map)
    }

    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws {
        try writer.write(bytes, at: offset, to: &output)
    }

    mutating func step() throws -> Bool {
        if !hasBegun {
            hasBegun = true
            try writer.begin(to: &output)
        }
        guard try content.step(to: &self) != nil else { return true }
        try writer.finish(to: &output)
        return false
    }
}
