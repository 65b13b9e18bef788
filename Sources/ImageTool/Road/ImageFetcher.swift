import Failure
import Host
import ImageModel
import ImageSource
import ImageStore
import SystemPackage
import Transport

/// Fetches the files of a chain of images.
struct ImageFetcher: Sendable {
    let downloads: DownloadFolder
    /// How many files are downloaded at a time, besides the one that goes straight into ZFS.
    let window: Int
    /// What a layer may take.
    let limits: LayerLimits
    let report: Report
    /// Takes the lock of an image's download.
    let lock: @Sendable (ImageUUID) async throws -> DownloadLock
    /// The beginning of what is fetched of an image, where it tells whether the rest is worth it.
    var beginning: @Sendable (AvailableImage) -> StreamBeginning? = { _ in nil }

    static let standardWindow = 3

    /// The file of an image, from where it is.
    ///
    /// - Parameter offset: bytes that are here already, if a server has the file.
    func open(_ image: AvailableImage, offset: Int64 = 0, noting parts: DownloadParts) throws -> FetchedFile {
        switch image.place {
        case .path(let path): return .local(try MeasuredFile(path, of: image.manifest, report))
        case .server(let request, let transport):
            let request = DownloadRequest(
                request, size: image.check.size, offset: offset, isChecked: image.check.isStrong)
            return .download(stream(request, transport, of: image, noting: parts))
        case .containerDisk(let layers, let transport):
            let layers = layers.enumerated().map { place, layer in
                ContainerDiskLayer(layer.check) {
                    let request = DownloadRequest(layer.request, size: layer.check.size, isChecked: true)
                    let name = "layer \(place + 1) of \(layers.count) of \(image.fileName ?? "an image")"
                    return stream(request, transport, of: image, name: name, noting: parts)
                }
            }
            return .containerDisk(
                try ContainerDiskFile(image.fileName ?? "image \(image.uuid)", layers, limits: limits))
        }
    }

    private func stream(
        _ request: DownloadRequest, _ transport: Transport, of image: AvailableImage, name: String? = nil,
        noting parts: DownloadParts
    ) -> DownloadStream {
        DownloadStream(
            Download(request, by: transport), of: image.hasProvisionalUUID ? nil : image.uuid,
            title: image.layer?.description ?? image.shortTitle,
            name: name ?? image.fileName ?? image.layer?.description ?? "image \(image.uuid)", report: report,
            checkMD5: image.trustsMD5,
            noting: parts)
    }

    /// Downloads files into the download folder, several at a time.
    ///
    /// - Parameter done: called with each image whose file is complete.
    func fetch(_ images: some Collection<AvailableImage>, done: @Sendable @escaping (ImageUUID) -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for image in images {
                if running == window {
                    try await group.next()
                    running -= 1
                }
                group.addTask {
                    // Hashing and writing hold up no other task.
                    try await withTaskExecutorPreference(DedicatedThread("download")) { try await fetchFile(image) }
                    done(image.uuid)
                }
                running += 1
            }
            try await group.waitForAll()
        }
    }

    /// Downloads one file, going on where an earlier run stopped.
    private func fetchFile(_ image: AvailableImage) async throws {
        let uuid = image.uuid
        let size = image.check.size
        // Who was waited for may have fetched it.
        let lock = try await lock(uuid)
        defer { lock.release() }
        if try downloads.isUsable(uuid, size: size) { return }
        let (file, present) = try downloads.openPartial(uuid)
        // What could not be written has been told when it was, and the file is read and checked before it is used.
        defer { try? file.close() }
        // The file may have changed at the source since, and nothing says so but its checksum: without one, and for a part
        // longer than the whole, start anew.
        let canResume = image.check.isStrong && size.map { present < $0 } ?? false
        if present > 0 && !canResume { try start(file) }
        let offset = canResume ? present : 0
        let parts = DownloadParts()
        do {
            do {
                try await fetchRest(image, offset, file, parts)
            } catch let error where ImageFetcher.isOfNoUse(error) && (offset > 0 || parts.areOfSeveral) {
                report.warning("download of image \(uuid) could not be resumed (\(error)): starting anew")
                try start(file)
                try await fetchRest(image, 0, file, DownloadParts())
            }
        } catch let error where ImageFetcher.isOfNoUse(error) {
            downloads.removePartial(uuid)
            throw (error as? RefusedBeginning)?.reason ?? error
        }
        try downloads.finish(uuid)
    }

    /// What came is not the file that was expected, so that no part of it is of use.
    static func isOtherFile(_ error: any Error) -> Bool {
        error is ImageFileError || (error as? DownloadError)?.kind == .otherFile
    }

    /// No part of what came is of use: it may not even be what the server has by now.
    private static func isOfNoUse(_ error: any Error) -> Bool { isOtherFile(error) || error is RefusedBeginning }

    private func start(_ file: SystemPackage.FileDescriptor) throws {
        try file.resize(to: 0)
        try file.seek(offset: 0, from: .start)
    }

    private func fetchRest(
        _ image: AvailableImage, _ offset: Int64, _ file: SystemPackage.FileDescriptor, _ parts: DownloadParts
    ) async throws {
        var digest = ImageFileDigest(image.check)
        var beginning = beginning(image)
        func take(_ bytes: RawSpan) throws {
            try digest.update(bytes)
            do {
                try beginning?.feed(bytes)
            } catch {
                throw RefusedBeginning(reason: error)
            }
        }
        if offset > 0 {
            let part = try downloads.readPartial(image.uuid)
            while try await part.next(take) {}
        }
        var stream = try open(image, offset: offset, noting: parts)
        while try await stream.next({ bytes in
            try take(bytes)
            do {
                try unsafe bytes.withUnsafeBytes { _ = try unsafe file.writeAll($0) }
            } catch {
                throw HostFile.failure("cannot write", downloads.partial(image.uuid), error)
            }
        }) {}
        try digest.finish()
    }
}

/// What cannot be installed here, by the first bytes that came.
private struct RefusedBeginning: Error, CustomStringConvertible {
    let reason: any Error

    var description: String { "\(reason)" }
}
