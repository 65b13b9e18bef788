import Failure
import Glibc
import Host
import SystemPackage

/// A file that is being made: beside its place until it is whole. Standard output is one, too.
final class OutputFile {
    let path: FilePath?
    private let descriptor: FileDescriptor
    private let rule: OutputRule
    private var isOpen = true
    private let sums: FileSums?
    /// Bytes written.
    private(set) var size: UInt64 = 0

    /// What a file is called until it is whole.
    private static func partial(_ path: FilePath) -> FilePath { FilePath("\(path).partial") }

    /// - Parameters:
    ///   - path: nil for standard output.
    ///   - rule: what may be replaced.
    ///   - sums: get all that is added to its end.
    /// - Throws: `Usage` if something is there, or standard output is a terminal; `FileSystemError`, `PermissionDenied`.
    init(_ path: FilePath?, _ rule: OutputRule, sums: FileSums?) throws {
        self.path = path
        self.rule = rule
        self.sums = sums
        guard let path else {
            guard isatty(FileDescriptor.standardOutput.rawValue) == 0 else {
                throw Failure(.usage, "an image file is nothing for a terminal", hint: "-o FILE, or a pipe")
            }
            descriptor = .standardOutput
            return
        }
        try rule.check(path)
        descriptor = try HostFile.anew(Self.partial(path))
    }

    deinit {
        guard isOpen, let path else { return }
        // It was not whole: nobody misses it, and the next run replaces it if it stays. It goes while it is locked, so that it is nobody
        // else's.
        _ = try? HostFile.remove(Self.partial(path))
        try? descriptor.close()
    }

    /// Adds to its end.
    ///
    /// - Throws: `FileSystemError`, `NoSpace`; `OutputClosed`; `CancellationError`.
    func write(_ bytes: RawSpan) throws {
        try Task.checkCancellation()
        do {
            sums?.add(bytes)
            _ = try unsafe bytes.withUnsafeBytes { try unsafe descriptor.writeAll($0) }
            size += UInt64(bytes.byteCount)
        } catch Errno.brokenPipe where path == nil {
            throw OutputClosed()
        } catch {
            throw failure(error)
        }
    }

    /// Writes somewhere, and leaves out what is before it.
    ///
    /// - Throws: as above.
    func write(_ bytes: RawSpan, at offset: UInt64) throws {
        try Task.checkCancellation()
        do {
            guard let place = Int64(exactly: offset), place <= .max - Int64(bytes.byteCount) else {
                throw Errno.fileTooLarge
            }
            _ = try unsafe bytes.withUnsafeBytes { try unsafe descriptor.writeAll(toAbsoluteOffset: place, $0) }
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: any Error) -> any CodedError {
        guard let path else { return HostFile.failure("cannot write", what: "standard output", error) }
        return HostFile.failure("cannot write", path, error)
    }

    /// Sets how long it is.
    ///
    /// - Throws: as above.
    func resize(to size: UInt64) throws {
        do {
            guard let length = Int64(exactly: size) else { throw Errno.fileTooLarge }
            try descriptor.resize(to: length)
            self.size = size
        } catch {
            throw failure(error)
        }
    }

    /// Waits until all of it is on the disk.
    ///
    /// - Throws: as above.
    func flush() throws {
        guard path != nil else { return }
        do {
            try HostFile.sync(descriptor)
        } catch {
            throw failure(error)
        }
    }

    /// It is whole: puts it in its place.
    ///
    /// - Throws: as above, and `Usage`.
    func commit() throws {
        guard let path else { return }
        try flush()
        try rule.check(path)
        try HostFile.rename(Self.partial(path), to: path)
        isOpen = false
        do {
            try descriptor.close()
        } catch {
            throw HostFile.failure("cannot write", path, error)
        }
    }
}
