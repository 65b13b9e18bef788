import Compression
import Failure
import Host
import ImageModel
import ImageSource
import ImageStore
import NIOCore
import SystemPackage
import Transport
import ZFS

/// Fetches the files of a chain of images from one source.
struct ImageFetcher: Sendable {
    let source: any ImageSource
    let transport: Transport
    let downloads: DownloadFolder
    let isRawStream: Bool
    let report: Report

    /// How many files are downloaded at a time, besides the one that goes straight into ZFS.
    private static let window = 3

    /// What the manifest says about the file, for the pipeline.
    func imageToInstall(_ manifest: Manifest, pool: PoolName) throws -> ImageToInstall {
        let url = source.descriptor.url.base
        guard !isRawStream else {
            return ImageToInstall(
                manifest: manifest, source: url, pool: pool, check: .none, compression: CompressionFormat.none)
        }
        return ImageToInstall(
            manifest: manifest, source: url, pool: pool, check: check(manifest),
            compression: try CompressionFormat(of: manifest))
    }

    func request(_ manifest: Manifest) throws -> DownloadRequest {
        DownloadRequest(
            try source.fileRequest(of: manifest), size: isRawStream ? nil : manifest.files.first?.size)
    }

    private func check(_ manifest: Manifest) -> ImageFileCheck {
        isRawStream
            ? .none : ImageFileCheck(size: manifest.files.first?.size, sha1: manifest.files.first?.sha1)
    }

    /// The file of an image, straight from the network.
    func stream(_ manifest: Manifest, _ request: DownloadRequest) -> DownloadStream {
        DownloadStream(
            Download(request, by: transport), uuid: manifest.uuid, report: report,
            checkMD5: !isRawStream && manifest.files.first?.sha1 == nil)
    }

    /// Downloads files into the download folder, several at a time.
    ///
    /// - Parameter done: called with each image whose file is complete.
    func fetch(_ manifests: some Collection<Manifest>, done: @Sendable @escaping (ImageUUID) -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for manifest in manifests {
                if running == ImageFetcher.window {
                    try await group.next()
                    running -= 1
                }
                group.addTask {
                    try await fetchFile(manifest)
                    done(manifest.uuid)
                }
                running += 1
            }
            try await group.waitForAll()
        }
    }

    /// Downloads one file, going on where an earlier run stopped.
    private func fetchFile(_ manifest: Manifest) async throws {
        let uuid = manifest.uuid
        var request = try request(manifest)
        if downloads.usable(uuid, size: request.size) != nil { return }
        let (file, present) = try downloads.openPartial(uuid)
        defer { try? file.close() }
        // The file may have changed at the source since, and nothing says so but its checksum: without one, and for a part
        // longer than the whole, start anew.
        let canResume = check(manifest).sha1 != nil && request.size.map { present < $0 } ?? false
        if present > 0 && !canResume { try start(file) }
        request.offset = canResume ? present : 0
        do {
            try await fetchRest(manifest, request, file)
        } catch let failure as Failure where failure.code == .downloadError && request.offset > 0 {
            report.warning("download of image \(uuid) could not be resumed (\(failure)): starting anew")
            try start(file)
            request.offset = 0
            do {
                try await fetchRest(manifest, request, file)
            } catch let failure as Failure where failure.code == .downloadError {
                downloads.removePartial(uuid)
                throw failure
            }
        }
        try downloads.finish(uuid)
    }

    private func start(_ file: SystemPackage.FileDescriptor) throws {
        try file.resize(to: 0)
        try file.seek(offset: 0, from: .start)
    }

    private func fetchRest(_ manifest: Manifest, _ request: DownloadRequest, _ file: SystemPackage.FileDescriptor)
        async throws
    {
        var digest = ImageFileDigest(check(manifest))
        if request.offset > 0 {
            var part = try LocalImageFile(downloads.partial(manifest.uuid))
            defer { part.close() }
            while try await part.next({ try digest.update($0) }) {}
        }
        var stream = stream(manifest, request)
        while try await stream.next({ bytes in
            try digest.update(bytes)
            do {
                try unsafe bytes.withUnsafeBytes { _ = try unsafe file.writeAll($0) }
            } catch {
                throw HostFile.failure("cannot write", downloads.partial(manifest.uuid), error)
            }
        }) {}
        try digest.finish()
    }
}

/// A download as the bytes of an image file, its progress told to the report.
struct DownloadStream: ImageFileReader {
    private let download: Download
    private let uuid: ImageUUID
    private let report: Report
    private let transfer: Transfer
    private var md5: ImageFileDigest?
    private let checkMD5: Bool
    private var begun = false

    init(_ download: Download, uuid: ImageUUID, report: Report, checkMD5: Bool) {
        self.download = download
        self.uuid = uuid
        self.report = report
        self.checkMD5 = checkMD5
        transfer = report.transfers.begin(uuid.description, total: download.size)
        transfer.advance(to: download.position)
    }

    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        do {
            guard let buffer = try await download.next() else {
                try md5?.finish()
                report.transfers.end(transfer)
                report.line("Downloaded image \(uuid) (\(ByteCount.text(download.position)))")
                return false
            }
            // Where the manifest has no checksum, the server's Content-MD5 stands in for it (cli.md §3, import 7).
            if checkMD5, !begun, let value = download.headers?["content-md5"] {
                md5 = ImageFileDigest(ImageFileCheck(md5: value))
            }
            begun = true
            try md5?.update(buffer.readableBytesSpan)
            try body(buffer.readableBytesSpan)
            transfer.advance(to: download.position)
            return true
        } catch {
            report.transfers.end(transfer)
            throw error
        }
    }
}

extension CompressionFormat {
    /// The compression that a manifest states; nil where it states none.
    ///
    /// - Throws: `InvalidManifest` for one nobody knows.
    init?(of manifest: Manifest) throws {
        guard let name = manifest.files.first?.compression else { return nil }
        guard let format = CompressionFormat(rawValue: name) else {
            throw Failure(
                .invalidManifest, "the manifest of image \(manifest.uuid) states an unknown compression \"\(name)\"",
                hint: "known: \(CompressionFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = format
    }
}
