import Compression
import Crypto
import Failure
import Host
public import IMGAPI
import ImageModel
public import ImageSource
import ImageStore
import JSON
import NIOCore
import Synchronization
public import SystemPackage
import Transport

/// What is to be published, and where.
public struct PublishRequest: Sendable {
    public var manifest: FilePath
    public var file: FilePath
    public var server: SourceDescriptor
    /// Signs the requests, if the server wants that.
    public var signer: RequestSigner?

    public init(manifest: FilePath, file: FilePath, server: SourceDescriptor) {
        self.manifest = manifest
        self.file = file
        self.server = server
    }
}

extension ImageTool {
    /// How often the file is sent before it is given up.
    private static let uploads = 3

    /// Publishes an image: its manifest, its file, and then it is activated (cli.md §3, publish). What was half published
    /// is deleted again.
    ///
    /// - Throws: `Usage` for a path that is not there; `InvalidManifest`, `ManifestValidation`; `UploadError`,
    ///   `ConnectionError`.
    public func publish(_ request: PublishRequest, _ report: Report) async throws {
        let (manifest, compression) = try ImageTool.toPublish(request)
        let client = sources.client(request.server)
        let uuid = manifest.uuid
        if compression == .zstd {
            report.warning("zstd is an extension: servers and imgadms of SmartOS refuse this image")
        }
        let imported = try await client.importImage(manifest, by: request.signer)
        do {
            report.line(
                "Imported image \(uuid) (\(imported.name ?? "?"), \(imported.version ?? "?"), state=\(imported.state ?? "?"))"
            )
            try await upload(manifest, compression, request, client, report)
            report.line("Added file \"\(request.file)\" (compression \"\(compression.rawValue)\") to image \(uuid)")
            try await activate(uuid, request, client)
            report.line("Activated image \(uuid)")
        } catch {
            do {
                try await uncancelled { try await client.delete(uuid, by: request.signer) }
            } catch let second {
                report.warning("image \(uuid) is half published on \(request.server.url.base): \(second)")
            }
            throw error
        }
        report.line("Successfully published image \(uuid) to \(request.server.url.base)")
    }

    /// Activates the image. If the answer is lost, the image itself tells whether it was done.
    private func activate(_ uuid: ImageUUID, _ request: PublishRequest, _ client: IMGAPIClient) async throws {
        do {
            _ = try await client.activate(uuid, by: request.signer)
        } catch let failure as Failure where (failure.cause as? ConnectionTrouble)?.isPassing == true {
            guard let image = try await client.image(uuid), image.state != "active", image.state != "disabled" else {
                return
            }
            _ = try await client.activate(uuid, by: request.signer)
        }
    }

    private static func toPublish(_ request: PublishRequest) throws -> (Manifest, CompressionFormat) {
        guard let bytes = try HostFile.read(request.manifest, limit: 4 << 20, from: .handedOver) else {
            throw Failure(.usage, "manifest path does not exist: \"\(request.manifest)\"")
        }
        guard let size = try HostFile.size(request.file) else {
            throw Failure(.usage, "file path does not exist: \"\(request.file)\"")
        }
        let json: JSONObject
        do {
            guard let object = try JSONValue(parsing: bytes).objectValue else {
                throw Failure(.invalidManifest, "the manifest \"\(request.manifest)\" is not a JSON object")
            }
            json = object
        } catch let error as JSONError {
            throw Failure(.invalidManifest, "the manifest \"\(request.manifest)\" is not JSON", cause: error)
        }
        try ManifestValidation.check(json)
        let manifest = try Manifest(json)
        if let stated = manifest.files.first?.size, stated != size {
            throw Failure(
                .uploadError, "the file \"\(request.file)\" has \(size) bytes, but its manifest states \(stated)")
        }
        let head = try HostFile.readHead(request.file, count: CompressionFormat.sniffLength)
        let compression = try CompressionFormat(of: manifest) ?? CompressionFormat.sniff(head)
        return (manifest, compression)
    }

    /// Sends the file, again from its start if the connection breaks.
    private func upload(
        _ manifest: Manifest, _ compression: CompressionFormat, _ request: PublishRequest, _ client: IMGAPIClient,
        _ report: Report
    ) async throws {
        let file = try UploadFile(request.file)
        defer { file.close() }
        let transfer = report.transfers.begin(
            .upload, of: manifest.uuid, title: manifest.title, total: file.size)
        defer { report.transfers.end(transfer) }
        let stated = manifest.files.first?.sha1
        for attempt in 1... {
            let sent = Mutex<String?>(nil)
            let stream = file.stream(transfer) { sha1 in sent.withLock { $0 = sha1 } }
            do {
                let image = try await client.addFile(
                    manifest.uuid, stream, size: file.size, compression: compression.rawValue, sha1: stated,
                    by: request.signer)
                try ImageTool.compare(image, size: file.size, sha1: sent.withLock { $0 }, stated: stated)
                return
            } catch let failure as Failure {
                let isPassing =
                    (failure.cause as? ConnectionTrouble)?.isPassing ?? (failure.statusCode.map { $0 >= 500 } ?? false)
                guard isPassing, attempt < ImageTool.uploads else { throw failure }
                report.warning("the upload broke off (\(failure.description)): sending the file again")
                try await Task.sleep(for: .seconds(attempt))
            }
        }
    }

    private static func compare(_ image: Manifest, size: Int64, sha1: String?, stated: String?) throws(Failure) {
        let theirs = image.files.first
        guard theirs?.size == size, theirs?.sha1 == sha1, stated == nil || stated == sha1 else {
            throw Failure(
                .uploadError,
                "the file of image \(image.uuid) has \(size) bytes and the SHA-1 \(sha1 ?? "?")\(stated.map { " (its manifest states \($0))" } ?? ""), but the server has \(theirs?.size ?? 0) bytes and \(theirs?.sha1 ?? "no SHA-1")"
            )
        }
    }
}

/// A local file on its way to a server, hashed as it is read.
private final class UploadFile: Sendable {
    let size: Int64
    private let file: SystemPackage.FileDescriptor
    private let path: FilePath

    init(_ path: FilePath) throws {
        self.path = path
        do {
            file = try SystemPackage.FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
            size = try file.stat().size
        } catch {
            throw HostFile.failure("cannot read", path, error)
        }
    }

    func close() { try? file.close() }

    /// The bytes from the start.
    ///
    /// - Parameter done: is given the SHA-1 when the last byte has gone.
    func stream(_ transfer: Transfer, done: @escaping @Sendable (String) -> Void) -> HTTPBodyStream {
        HTTPBodyStream { [self] in
            let state = Mutex((place: Int64(0), sha1: Insecure.SHA1()))
            return {
                let piece = try state.withLock { state in
                    let piece = try self.piece(at: state.place)
                    state.place += Int64(piece.count)
                    state.sha1.update(data: piece)
                    if state.place == self.size { done(Hexadecimal.text(state.sha1.finalize())) }
                    transfer.advance(to: state.place)
                    return piece
                }
                return piece.isEmpty ? nil : ByteBuffer(bytes: piece)
            }
        }
    }

    private func piece(at place: Int64) throws -> [UInt8] {
        let count = Int(min(256 << 10, size - place))
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
