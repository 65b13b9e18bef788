import Failure
import Host
import ImageModel
import SystemPackage

/// The bytes of a file that is open, wherever and by whomever they are read.
struct FileBytes: Sendable {
    let descriptor: FileDescriptor
    /// Where it lies; nil for standard input.
    let path: FilePath?

    /// Fills a buffer from any place of a file that can be read anywhere.
    ///
    /// - Returns: fewer bytes than there is room for only at the end.
    /// - Throws: `FileSystemError`; `CancellationError`.
    func read(at start: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try Task.checkCancellation()
        do {
            var done = 0
            while done < buffer.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let count = try unsafe descriptor.read(fromAbsoluteOffset: Self.offset(start) + Int64(done), into: rest)
                if count == 0 { break }
                done += count
            }
            return done
        } catch {
            throw failure("cannot read", error)
        }
    }

    /// The digest of all of them, holes included, made on a thread of its own.
    ///
    /// - Throws: as above.
    func digest(_ algorithm: ContentDigest.Algorithm) async throws -> ContentDigest {
        try await withTaskExecutorPreference(DedicatedThread("digest")) {
            var hasher = DigestHasher(algorithm)
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            var place: UInt64 = 0
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe read(at: place, into: $0) }
                if count == 0 { return hasher.finish() }
                unsafe hasher.update(buffer.span.bytes.extracting(0..<count))
                place += UInt64(count)
            }
        }
    }

    /// What went wrong with the file, which it names.
    func failure(_ doing: String, _ error: any Error) -> any CodedError {
        guard let path else { return HostFile.failure(doing, what: "standard input", error) }
        return HostFile.failure(doing, path, error)
    }

    static func offset(_ place: UInt64) throws(Errno) -> Int64 {
        // As far as any file goes.
        guard let offset = Int64(exactly: place), offset < .max / 2 else { throw Errno.fileTooLarge }
        return offset
    }
}
