import Failure
import Host
public import SystemPackage

/// The bytes of an image file, wherever they come from.
public protocol ImageFileReader {
    /// Hands the next bytes to `body`; false at the end of the file.
    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool
}

/// An image file on this host, open as long as somebody has this.
public final class LocalImageFile: ImageFileReader {
    private let path: FilePath
    private let file: FileDescriptor
    private var chunk = [UInt8](repeating: 0, count: 1 << 20)

    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public init(_ path: FilePath) throws {
        self.path = path
        do {
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            throw HostFile.failure("cannot open", path, error)
        }
    }

    /// A file that is open.
    ///
    /// - Parameter path: what messages call it.
    public init(_ file: FileDescriptor, path: FilePath) {
        self.file = file
        self.path = path
    }

    // What was read is here already.
    deinit { try? file.close() }

    public func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        try Task.checkCancellation()
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
