import SystemPackage

/// A file under way. It is closed when it is done, or when nobody wants it any more.
final class OpenFile {
    private let descriptor: FileDescriptor
    private let metadata: EntryMetadata
    /// As the file system made it.
    private let status: FileStatus
    private let size: UInt64
    private var isClosed = false
    /// Where the content ends that was written.
    private var written: UInt64 = 0

    init(_ descriptor: FileDescriptor, _ metadata: EntryMetadata, size: UInt64) throws {
        self.descriptor = descriptor
        self.metadata = metadata
        self.size = size
        do {
            status = FileStatus(try FolderHandle.status(of: descriptor.rawValue))
        } catch {
            // What went wrong counts, not what comes of closing an empty file.
            try? descriptor.close()
            throw error
        }
    }

    // It was not finished, so the layer has failed already.
    deinit { if !isClosed { try? descriptor.close() } }

    /// The entry's, for errors.
    var path: [UInt8] { metadata.path }

    func write(_ bytes: RawSpan, at offset: UInt64) throws {
        guard let place = Int64(exactly: offset) else { throw Errno.fileTooLarge }
        _ = try unsafe bytes.withUnsafeBytes { try unsafe descriptor.writeAll(toAbsoluteOffset: place, $0) }
        written = offset + UInt64(bytes.byteCount)
    }

    /// The content is there: size, owner, mode, attributes, time, in this order.
    func finish(_ state: LayerState) throws {
        // A hole at the end.
        if written != size {
            guard let size = Int64(exactly: size) else { throw Errno.fileTooLarge }
            try descriptor.resize(to: size)
        }
        try metadata.apply(to: descriptor.rawValue, now: status, state)
        try metadata.setTime(of: descriptor.rawValue, state)
        isClosed = true
        try descriptor.close()
    }
}
