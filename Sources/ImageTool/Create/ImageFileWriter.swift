import Compression
import Failure
import Glibc
import Host
import ImageModel
import ImageStore
import SendStream
import SystemPackage
import ZFS

/// Writes the file of an image: a snapshot is sent, compressed, hashed and written in one pass.
struct ImageFileWriter {
    let zfs: ZFS
    let compression: CompressionFormat
    let transfer: Transfer

    /// What was written: bytes and checksums of the file, and the snapshot's guid.
    struct Written: Sendable {
        var size: Int64 = 0
        var sha1 = ""
        var sha256 = ""
        var snapshotGUID: UInt64?
    }

    /// - Parameter path: by which messages call the file.
    /// - Returns: what there is to know of the file, which stays open.
    /// - Throws: what ZFS says; `FileSystemError`, `NoSpace`. What was written stays.
    func write(
        _ snapshot: SnapshotName, from origin: SnapshotName?, to file: FileDescriptor, _ path: FilePath
    ) async throws -> Written {
        do {
            let result = try await withTaskExecutorPreference(DedicatedThread("create")) {
                try await zfs.send(snapshot, from: origin) { output in try await pass(output, into: file) }
            }
            try HostFile.sync(file)
            return result
        } catch {
            guard let errno = error as? Errno else { throw error }
            guard ![.noSpace, .diskQuotaExceeded].contains(errno) else {
                throw Failure(.noSpace, "there is no room for the image file \"\(path)\"", cause: errno)
            }
            throw HostFile.failure("cannot write", path, errno)
        }
    }

    private func pass(_ stream: ChildOutput, into file: FileDescriptor) async throws -> Written {
        let sums = FileSums()
        var written = Written()
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var head: [UInt8] = []
        let read = { (count: Int) throws -> [UInt8] in
            let bytes = try stream.read(count)
            transfer.advance(by: bytes.count)
            if head.count < StreamHeader.byteCount { head += bytes.prefix(StreamHeader.byteCount - head.count) }
            return bytes
        }
        try await StreamCompressor(compression, cores: cores).run(reading: read) { bytes in
            sums.add(bytes)
            _ = try unsafe bytes.withUnsafeBytes { try unsafe file.writeAll($0) }
            written.size += Int64(bytes.byteCount)
        }
        (written.sha1, written.sha256) = try sums.finish()
        if case .header(let header) = try unsafe StreamHeader.read(head.span.bytes) {
            written.snapshotGUID = header.guid
        }
        return written
    }
}
