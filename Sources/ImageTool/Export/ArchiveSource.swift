import Failure
import Host
import SendStream
import SystemPackage
import ZFS

/// The streams of a file system, the base first, which are read in several passes.
protocol ArchiveSource {
    /// Lends them, each at its beginning.
    func withStreams(_ body: ([StreamPieces]) async throws -> Void) async throws
}

extension ArchiveSource {
    /// Reads all of them.
    ///
    /// - Throws: `InvalidFile`, `FileSystemError`; what ZFS says.
    func pass<Visitor: StreamVisitor>(_ visitor: Visitor) async throws -> Visitor {
        var visitor = visitor
        try await withStreams { streams in
            for stream in streams {
                var reader = StreamReader()
                while try stream.read(into: &reader, &visitor) {}
            }
        }
        return visitor
    }
}

/// A stream that is read piece by piece.
struct StreamPieces {
    let name: String
    let next: ((RawSpan) throws -> Void) throws -> Bool

    /// Reads on.
    ///
    /// - Returns: false at the end, which must be that of the stream.
    func read(into reader: inout StreamReader, _ visitor: inout some StreamVisitor) throws -> Bool {
        do {
            let more = try next { bytes in try reader.feed(bytes, to: &visitor) }
            if !more { try reader.finish() }
            return more
        } catch let error as StreamError {
            throw StreamFiles.failure(error, name)
        }
    }
}

/// Streams that are counted as they are read, each time.
struct CountedSource<Source: ArchiveSource>: ArchiveSource {
    let source: Source
    let transfer: Transfer

    func withStreams(_ body: ([StreamPieces]) async throws -> Void) async throws {
        try await source.withStreams { streams in
            try await body(
                streams.map { stream in
                    StreamPieces(name: stream.name) { body in
                        try stream.next { bytes in
                            transfer.advance(by: bytes.byteCount)
                            try body(bytes)
                        }
                    }
                })
        }
    }
}

/// Image files.
struct FilesSource: ArchiveSource {
    let files: [GivenFile]

    func withStreams(_ body: ([StreamPieces]) async throws -> Void) async throws {
        try await body(
            files.map { file in
                file.rewind()
                let content = try UnpackedFile(file)
                return StreamPieces(name: file.name) { body in try content.readPiece(body) }
            })
    }
}

/// An installed image: its snapshot is sent for each pass, since it does not change.
struct SnapshotSource: ArchiveSource {
    let zfs: ZFS
    let snapshot: SnapshotName

    func withStreams(_ body: ([StreamPieces]) async throws -> Void) async throws {
        try await zfs.send(snapshot, from: nil) { output in
            try await body([
                StreamPieces(name: "\(snapshot)") { body in
                    let bytes = try output.read(256 << 10)
                    if !bytes.isEmpty { try unsafe body(bytes.span.bytes) }
                    return !bytes.isEmpty
                }
            ])
        }
    }
}
