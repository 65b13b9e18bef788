import Compression
import Crypto
import Failure
import Host
import ImageModel
import NIOCore
import RawBytes
import Synchronization
import SystemPackage
import Transport

/// A local file on its way to a server, read and hashed on a thread of its own.
final class UploadFile: Sendable {
    /// In bytes.
    let size: Int64
    private let file: SystemPackage.FileDescriptor
    let path: FilePath
    private let thread = DedicatedThread("upload")
    /// What was read of it once, by the algorithms, and what the file was then.
    private let sums = Mutex<[String: (mark: FileMark, sum: String)]>([:])

    /// In bytes.
    private static let pieceSize: Int64 = 256 << 10

    /// - Throws: `Usage` if there is no such file; `FileSystemError`, `PermissionDenied`, also for what is no plain file.
    init(_ path: FilePath) throws {
        self.path = path
        guard let file = try HostFile.open(path, from: .setUp) else {
            throw Failure(.usage, "file path does not exist: \"\(path)\"")
        }
        self.file = file
        do {
            size = try file.stat().size
        } catch {
            try? file.close()  // what went wrong is told already
            throw HostFile.failure("cannot read", path, error)
        }
    }

    /// Nothing was written, so that closing loses nothing.
    func close() { try? file.close() }

    /// As many bytes from its start as tell its format.
    func head() throws -> [UInt8] { Array(try piece(at: 0).prefix(CompressionFormat.sniffLength)) }

    /// The SHA-1 of the file, in hexadecimal.
    func sha1() async throws -> String { try await sum(by: Insecure.SHA1.self) }

    /// The SHA-256 of the file, in hexadecimal.
    func sha256() async throws -> String { try await sum(by: SHA256.self) }

    /// The digest of the file.
    func digest(_ algorithm: ContentDigest.Algorithm) async throws -> ContentDigest? {
        let digits =
            switch algorithm {
            case .sha256: try await sha256()
            case .sha512: try await sum(by: SHA512.self)
            }
        return ContentDigest("\(algorithm.rawValue):\(digits)")
    }

    /// - Throws: `UploadError` if the manifest states another digest of the file than it has. It is read for that, but no second time.
    func check(by manifest: Manifest) async throws {
        guard manifest.files.first?.digest != nil, let stated = manifest.fileDigest,
            let digest = try await digest(stated.algorithm), stated != digest
        else { return }
        throw Failure(
            .uploadError, "the file \"\(path)\" has the digest \(digest), but its manifest states \(stated)")
    }

    private func sum<Hash: HashFunction>(by hash: Hash.Type) async throws -> String {
        let name = String(describing: hash)
        let mark: FileMark
        do {
            mark = try FileMark(file)
        } catch {
            throw HostFile.failure("cannot read", path, error)
        }
        if let known = sums.withLock({ $0[name] }), known.mark == mark { return known.sum }
        let sum = try await read(by: hash)
        sums.withLock { $0[name] = (mark, sum) }
        return sum
    }

    private func read<Hash: HashFunction>(by hash: Hash.Type) async throws -> String {
        try await withTaskExecutorPreference(thread) {
            var hash = Hash()
            var place: Int64 = 0
            while place < size {
                try Task.checkCancellation()
                let piece = try piece(at: place)
                hash.update(data: piece)
                place += Int64(piece.count)
            }
            return Hexadecimal.text(hash.finalize())
        }
    }

    /// The bytes from the start.
    ///
    /// - Parameter done: is given the SHA-1 when the last byte has gone.
    func stream(_ transfer: Transfer, done: @escaping @Sendable (String) -> Void) -> HTTPBodyStream {
        HTTPBodyStream { [self] in
            let sha1 = Mutex(Insecure.SHA1())
            return pieces(transfer) { piece, isLast in
                let digest = sha1.withLock { sha1 in
                    sha1.update(data: piece)
                    return isLast ? sha1.finalize() : nil
                }
                if let digest { done(Hexadecimal.text(digest)) }
            }
        }
    }

    /// The bytes from the start, piece by piece; nil at the end.
    ///
    /// - Parameter note: is given each piece, and whether it is the last.
    func pieces(
        _ transfer: Transfer, noting note: @escaping @Sendable ([UInt8], _ isLast: Bool) -> Void = { _, _ in }
    ) -> @Sendable () async throws -> ByteBuffer? {
        let place = Mutex(Int64(0))
        return { [self] in
            try await withTaskExecutorPreference(thread) {
                let (piece, end) = try place.withLock { place in
                    let piece = try self.piece(at: place)
                    place += Int64(piece.count)
                    return (piece, place)
                }
                note(piece, end == size)
                transfer.advance(to: end)
                return piece.isEmpty ? nil : ByteBuffer(bytes: piece)
            }
        }
    }

    private func piece(at place: Int64) throws -> [UInt8] {
        let count = Int(min(UploadFile.pieceSize, size - place))
        guard count > 0 else { return [] }
        do {
            return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                filled = try unsafe file.read(fromAbsoluteOffset: place, into: UnsafeMutableRawBufferPointer(buffer))
                // A file that becomes shorter while it is sent must not look like a whole one.
                guard filled > 0 else { throw Errno.ioError }
            }
        } catch {
            throw HostFile.failure("cannot read", path, error)
        }
    }
}
