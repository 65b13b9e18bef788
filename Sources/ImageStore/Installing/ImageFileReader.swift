import Failure
import Host
public import SystemPackage

/// The bytes of an image file, wherever they come from.
public protocol ImageFileReader {
    /// Hands the next bytes to `body`; false at the end of the file.
    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool

    /// Reads on, for the sake of what it knows of the file alone, since nothing is to be made of it any more.
    ///
    /// - Parameter error: why nothing is.
    /// - Returns: `DownloadError` if the file is not what it should be; else the error itself.
    mutating func blame(_ error: any Error) async -> any Error
}

extension ImageFileReader {
    /// It knows nothing.
    public mutating func blame(_ error: any Error) async -> any Error { error }
}

/// An image file on this host, open as long as somebody has this.
public final class LocalImageFile: ImageFileReader {
    private let path: FilePath
    private let file: FileDescriptor
    /// It is no pipe, which may have nothing to say yet.
    private let isRegular: Bool
    private var chunk = [UInt8](repeating: 0, count: 1 << 20)

    /// - Throws: `FileSystemError`, also for what is neither a file nor a pipe; `PermissionDenied`.
    public convenience init(_ path: FilePath) throws {
        guard let file = try HostFile.open(path, from: .handedOver) else {
            throw HostFile.failure("cannot open", path, Errno.noSuchFileOrDirectory)
        }
        try self.init(file, path: path)
    }

    /// A file that is open.
    ///
    /// - Parameter path: what messages call it.
    /// - Throws: `FileSystemError`.
    public init(_ file: FileDescriptor, path: FilePath) throws {
        self.path = path
        do {
            isRegular = try file.stat().type == .regular
        } catch {
            try? file.close()  // what went wrong is told already
            throw HostFile.failure("cannot look at", path, error)
        }
        self.file = file
    }

    // What was read is here already.
    deinit { try? file.close() }

    public func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        try Task.checkCancellation()
        if !isRegular { try file.waitUntilReadable() }
        let count: Int
        do {
            count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
        } catch {
            throw HostFile.failure("cannot read", path, error)
        }
        guard count > 0 else { return false }
        let bytes = chunk
        try unsafe body(bytes.span.extracting(0..<count).bytes)
        return true
    }
}
