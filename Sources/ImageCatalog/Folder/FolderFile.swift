import Glibc
import Host
import NIOCore
import NIOPosix
import SystemPackage

/// An image file in a folder, held open: if it is replaced meanwhile, the old bytes are still read.
final class FolderFile: StoredFile {
    let size: Int64
    let modified: Int
    private let path: FilePath
    private let file: SystemPackage.FileDescriptor

    /// How much is read at once, in bytes; as much is in memory for each download.
    fileprivate static let pieceSize: Int64 = 512 << 10

    /// Nil if there is no such file. A link is not followed, since it may lead to what is nobody's business, and a pipe is not
    /// waited for.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    init?(_ path: FilePath) throws {
        do {
            file = try SystemPackage.FileDescriptor.open(
                path, .readOnly, options: [.closeOnExec, .nonBlocking, .noFollow])
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch {
            throw HostFile.failure("cannot open", path, error)
        }
        self.path = path
        do {
            let stat = try file.stat()
            guard stat.type == .regular else { throw Errno.invalidArgument }
            size = stat.size
            modified = stat.st_mtim.tv_sec
        } catch {
            try? file.close()  // what went wrong is told already
            throw HostFile.failure("cannot read", path, error)
        }
    }

    /// Nothing was written, so that closing loses nothing.
    deinit { try? file.close() }

    func pieces(of range: Range<Int64>) -> any AsyncSequence<ByteBuffer, any Error> { Pieces(file: self, range: range) }

    /// A range of the file, read on a thread that may wait for the disk.
    private struct Pieces: AsyncSequence, AsyncIteratorProtocol {
        let file: FolderFile
        var range: Range<Int64>

        func makeAsyncIterator() -> Self { self }

        mutating func next() async throws -> ByteBuffer? {
            guard !range.isEmpty else { return nil }
            let (file, offset, count) = (
                file, range.lowerBound, Int(Swift.min(FolderFile.pieceSize, Int64(range.count)))
            )
            let buffer = try await BlockingIO.reading.runIfActive { try file.piece(at: offset, count: count) }
            range = offset + Int64(buffer.readableBytes)..<range.upperBound
            return buffer
        }
    }

    fileprivate func piece(at offset: Int64, count: Int) throws -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        let got = try unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            try unsafe file.read(
                fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]))
        }
        guard got > 0 else { throw HostFile.failure("file has become shorter while it was sent:", path, Errno.ioError) }
        return buffer
    }
}
