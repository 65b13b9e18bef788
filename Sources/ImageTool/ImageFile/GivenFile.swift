import Failure
import Host
public import SystemPackage

/// A file that was named for one command, or standard input: opened once, and read by its handle from then on, so that all
/// that is read of it is of one file.
///
/// One that is no regular file (a pipe) can be read only from its beginning to its end.
public final class GivenFile {
    /// How messages call it.
    public let name: String
    /// Where it lies; nil for standard input.
    public let path: FilePath?
    /// Bytes of a file that can be read anywhere; nil for what can be read only once.
    public let size: UInt64?
    /// Which file it is, by whatever name it was given.
    let identity: FileIdentity
    /// Its bytes anywhere, where they can be read so: for as long as the file is there.
    let bytes: FileBytes
    private var descriptor: FileDescriptor { bytes.descriptor }
    /// Where ``read(into:)`` is.
    private var place: UInt64 = 0

    /// - Parameter argument: a path, or `-` for standard input.
    /// - Throws: `Usage` if there is no such file; `FileSystemError`, `PermissionDenied`.
    public convenience init(_ argument: String) throws {
        guard argument != "-" else {
            try self.init(.standardInput, name: "standard input", path: nil)
            return
        }
        let path = FilePath(argument)
        guard let file = try HostFile.open(path, from: .handedOver) else {
            throw Failure(.usage, "file path does not exist: \"\(argument)\"")
        }
        try self.init(file, name: argument, path: path)
    }

    private init(_ descriptor: FileDescriptor, name: String, path: FilePath?) throws {
        bytes = FileBytes(descriptor: descriptor, path: path)
        self.name = name
        self.path = path
        do {
            let status = try descriptor.stat()
            identity = try FileIdentity(descriptor)
            // Of a file on standard input, somebody may have read the beginning already.
            let isWhole =
                try status.type == .regular && (path != nil || descriptor.seek(offset: 0, from: .current) == 0)
            size = isWhole ? UInt64(clamping: status.size) : nil
            if isWhole { HostFile.sharing(descriptor) }
        } catch {
            throw bytes.failure("cannot look at", error)
        }
    }

    /// Keeps what can be read only once on the disk, so that it can be read again.
    ///
    /// - Parameter file: at its beginning; it is read to its end.
    /// - Throws: `FileSystemError`, `NoSpace`.
    public convenience init(keeping file: GivenFile) throws {
        let scratch = try ScratchFile()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var place: UInt64 = 0
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            if count == 0 { break }
            try unsafe scratch.write(buffer.span.bytes.extracting(0..<count), at: place)
            place += UInt64(count)
        }
        do {
            try self.init(try scratch.handle(), name: file.name, path: FilePath(file.name))
        } catch {
            throw HostFile.failure("cannot read", FilePath(file.name), error)
        }
    }

    /// Keeps unpacked bytes on the disk, so that they can be read anywhere.
    ///
    /// - Parameter content: is read to its end.
    /// - Throws: `InvalidFile`, `FileSystemError`, `NoSpace`.
    public convenience init(keeping content: UnpackedFile) throws {
        let scratch = try ScratchFile()
        var place: UInt64 = 0
        try content.read { bytes in
            try scratch.write(bytes, at: place)
            place += UInt64(bytes.byteCount)
        }
        do {
            try self.init(try scratch.handle(), name: content.file.name, path: FilePath(content.file.name))
        } catch {
            throw HostFile.failure("cannot read", FilePath(content.file.name), error)
        }
    }

    // It was only read. Standard input is not ours to close.
    deinit { if path != nil { try? descriptor.close() } }

    /// It can be read more than once, and anywhere.
    public var isSeekable: Bool { size != nil }

    /// Reads on.
    ///
    /// - Returns: how many bytes were read; 0 only at the end.
    /// - Throws: `FileSystemError`; `CancellationError`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try Task.checkCancellation()
        if !isSeekable { try descriptor.waitUntilReadable() }
        do {
            let count =
                try unsafe isSeekable
                ? descriptor.read(fromAbsoluteOffset: offset(place), into: buffer) : descriptor.read(into: buffer)
            place += UInt64(count)
            return count
        } catch {
            throw bytes.failure("cannot read", error)
        }
    }

    /// Fills a buffer from any place of a file that can be read anywhere.
    ///
    /// - Returns: fewer bytes than there is room for only at the end.
    /// - Throws: `FileSystemError`; `CancellationError`.
    public func read(at start: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try unsafe bytes.read(at: start, into: buffer)
    }

    // SEEK_DATA and SEEK_HOLE, the same on Linux and illumos.
    private static let nextData = FileDescriptor.SeekOrigin(rawValue: 3)
    private static let nextHole = FileDescriptor.SeekOrigin(rawValue: 4)

    /// The next range from an offset on that is no hole; nil if there is none. Where the system cannot tell, all is data.
    ///
    /// - Throws: `FileSystemError`.
    public func nextData(from start: UInt64) throws -> Range<UInt64>? {
        guard let size, start < size else { return nil }
        do {
            let data = try descriptor.seek(offset: offset(start), from: Self.nextData)
            let hole = try descriptor.seek(offset: data, from: Self.nextHole)
            return UInt64(data)..<UInt64(hole)
        } catch Errno.noSuchAddressOrDevice {
            return nil
        } catch Errno.invalidArgument {
            return start..<size
        } catch {
            throw bytes.failure("cannot read", error)
        }
    }

    /// Goes back to the beginning of a file that can be read anywhere.
    public func rewind() {
        precondition(isSeekable, "what can be read once has no way back")
        place = 0
    }

    private func offset(_ place: UInt64) throws(Errno) -> Int64 { try FileBytes.offset(place) }
}
