import Compression
import DiskImage
import Failure
import Host
import ImageModel
import Logging
import SendStream
import Tar
import ZFS

/// Makes a volume of the disk in a file: what arrives is hashed on one thread, and read as a disk, written as a stream and
/// received by ZFS on another, at the same time. No device is waited for, and where the parts of the file are about in the
/// order of the disk, nothing is kept.
///
/// The stream gets its end only once the file has come to its own with size and checksum as they should be: what is wrong
/// never becomes a dataset. Then the snapshot is known by the guid that follows from the content (`NextSnapshot`).
struct DiskInstaller: ImageInstaller {
    let zfs: ZFS
    let log: Logger
    /// Bytes of a block of the volume; nil for the usual.
    let blockSize: Int?
    /// The compression in which the file is the disk as it is: what that looks like does not count. nil: the file tells its format.
    let rawIn: String?

    /// What every ZFS receives.
    private static let leastBlockSize = 4096

    /// - Throws: `InvalidFile` for what is no disk, or cannot be read as one; `DownloadError`, `NoSpace`, ZFS failures.
    func make<Reader: ImageFileReader>(
        _ partial: DatasetName, of image: ImageToInstall, opening open: () async throws -> Reader
    ) async throws -> MadeContent {
        guard let arrived = partial.snapshot(arrivedSnapshot), let final = partial.snapshot(finalSnapshot) else {
            throw Failure(.internalError, "\"\(partial)\" has no room for the name of a snapshot")
        }
        var reader = try await open()
        var pass = ImagePass(check: image.check, compression: CompressionFormat.none)
        let received: ReceivedDisk
        do {
            received = try await receive(from: &reader, &pass, into: arrived)
        } catch {
            let known = Self.isDamage(error) ? await pass.blame(error, reading: &reader) : error
            throw Self.failure(known, image)
        }
        let disk = received.snapshot
        try await zfs.receive(final) { input in
            var sink = ReceiveSink(input)
            try NextSnapshot.write(disk, after: received.guid, to: &sink)
            try sink.flush()
        }
        let made = try await zfs.lookUp([partial], [final])
        guard try made.guid(of: final) == disk.guid else {
            throw Failure(.zfs, "what zfs receive made is not the snapshot with the guid \(disk.guid)")
        }
        try await zfs.destroy(arrived)
        return MadeContent(
            image: MadeImage(snapshotGUID: disk.guid, fileSHA256: pass.fileSHA256), dataset: made.dataset(partial),
            diskSize: disk.size)
    }

    /// Feeds the file to the thread that reads it as a disk.
    private func receive(
        from reader: inout some ImageFileReader, _ pass: inout ImagePass, into arrived: SnapshotName
    ) async throws -> ReceivedDisk {
        let channel = ByteChannel()
        return try await withThrowingTaskGroup(of: ReceivedDisk.self) { group in
            // From its first step on: the thread of this task is going to wait for it.
            group.addTask(executorPreference: DedicatedThread("disk")) {
                defer { channel.abandon() }
                return try await receive(channel, into: arrived)
            }
            do {
                try await pass.run(&reader) { try channel.write($0) }
                channel.end(.success(()))
            } catch is ByteChannel.Abandoned {
                // Why, it says itself.
            } catch {
                channel.end(.failure(error))
            }
            guard let received = try await group.next() else { throw CancellationError() }
            return received
        }
    }

    /// Reads a disk and has ZFS receive it.
    private func receive(_ channel: ByteChannel, into arrived: SnapshotName) async throws -> ReceivedDisk {
        let source = ChannelSource(channel: channel)
        var reader =
            if let rawIn {
                try DiskReader(rawStream: source, in: try Self.compression(rawIn))
            } else {
                try DiskReader(stream: source, scratch: ReorderFile())
            }
        let description = reader.description
        log.info("disk", metadata: ["format": "\(description.format.rawValue)", "detail": "\(description.detail)"])
        var snapshot = VolumeSnapshot(
            name: "image@final", guid: .random(in: 1...UInt64.max), created: 0,
            size: description.size ?? DiskLimits().size,
            blockSize: blockSize
                // A disk that keeps smaller pieces together gains by smaller blocks.
                ?? max(Self.leastBlockSize, min(VolumeSnapshot.usualBlockSize, description.clusterSize ?? .max)))
        let guid = snapshot.guid
        let writer = try VolumeWriter(snapshot)
        (snapshot.size, snapshot.guid) = try await zfs.receive(arrived) { [snapshot] input in
            var disk = DiskToStream(writer: writer, sink: ReceiveSink(input))
            try disk.writer.begin(to: &disk.sink)
            var size: UInt64?
            while size == nil {
                size = try reader.step(to: &disk)
                // Whoever waits for the command gets his turn.
                await Task.yield()
            }
            var sized = snapshot
            sized.size = size ?? 0
            try disk.writer.finish(size: sized.size, to: &disk.sink)
            // The disk was read to the file's end, and that comes only where the file is what it should be.
            try disk.writer.end(to: &disk.sink)
            try disk.sink.flush()
            return (
                sized.size,
                SnapshotGUID.derive(
                    content: disk.digest.finalize(), blockSize: sized.blockSize, volumeSize: try sized.volumeSize(),
                    originGUID: nil)
            )
        }
        return ReceivedDisk(snapshot: snapshot, guid: guid)
    }

    private static func compression(_ name: String) throws -> CompressionFormat {
        guard let format = CompressionFormat(rawValue: name) else {
            throw Failure(.internalError, "a disk cannot be unpacked from \"\(name)\", which nothing here is called")
        }
        return format
    }

    /// Nobody makes such a file: so it may have become what it is on its way. What no reader takes of anybody is told at once.
    private static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case let error as DiskError: ![.notADisk, .unsupported, .limit].contains(error.reason)
        case is CompressionError, is TarError: true
        default: false
        }
    }

    /// Whatever went wrong, as a failure that says which file it is about.
    private static func failure(_ error: any Error, _ image: ImageToInstall) -> any Error {
        let what = image.fileName ?? "the file of image \(image.manifest.uuid)"
        switch error {
        case is DiskError: return Failure(.invalidFile, "\(what) cannot be read as a disk", cause: error)
        case is CompressionError, is TarError:
            return Failure(
                .invalidFile, "\(what) cannot be unpacked", cause: error,
                hint: "the file is damaged, or did not come whole: its publisher's checksum tells (sha256sum)")
        case is StreamError: return Failure(.unsupportedImage, "of \(what) no volume can be made", cause: error)
        default: return error
        }
    }
}

/// A disk that was received as a snapshot.
private struct ReceivedDisk: Sendable {
    /// As it is to be.
    let snapshot: VolumeSnapshot
    /// That it has as yet.
    let guid: UInt64
}

private struct ChannelSource: ByteSource {
    let channel: ByteChannel
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { try unsafe channel.read(into: buffer) }
}

/// The content of a disk on its way into a stream.
private struct DiskToStream: DiskVisitor {
    var writer: VolumeWriter
    var sink: ReceiveSink
    var digest = SparseDigest()

    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws {
        try digest.add(bytes, at: offset)
        try writer.write(bytes, at: offset, to: &sink)
    }
}

/// What `zfs receive` reads. Records are small, and written many at a time.
private struct ReceiveSink: StreamSink {
    private let input: ChildInput
    private var buffer: [UInt8] = []
    private static let most = 256 << 10

    init(_ input: ChildInput) {
        self.input = input
        buffer.reserveCapacity(Self.most + (132 << 10))
    }

    mutating func write(_ bytes: RawSpan) throws {
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        if buffer.count >= Self.most { try flush() }
    }

    mutating func flush() throws {
        try unsafe input.write(buffer.span.bytes)
        buffer.removeAll(keepingCapacity: true)
    }
}
