import Failure
public import ImageModel
import Layers
import Tar

/// The disk in a container disk, as the file of an image: the one regular file below `disk/` that its layers leave (KubeVirt,
/// "containerDisk"). They are read from the top down, each once and whole, and the disk's bytes are handed on as they come; the
/// end is told only once every layer has come to its own with size and digest as they should be.
public struct ContainerDiskFile<Layer: ImageFileReader>: ImageFileReader {
    private let name: String
    private let limits: LayerLimits
    /// The topmost is the last.
    private var waiting: [ContainerDiskLayer<Layer>]
    private var layer: LayerOfDisk<Layer>?
    private let disk: OnlyFile

    /// - Parameters:
    ///   - name: how messages call the image.
    ///   - layers: from the base up.
    public init(_ name: String, _ layers: [ContainerDiskLayer<Layer>], limits: LayerLimits) throws {
        guard let disk = OnlyFile(below: "disk") else { throw Failure(.internalError, "\"disk\" is no name") }
        self.name = name
        self.limits = limits
        self.disk = disk
        waiting = layers
    }

    /// - Throws: `InvalidLayer`, `UnsupportedImage` if there is no disk; `DownloadError`.
    public mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        let layer: LayerOfDisk<Layer>
        if let open = self.layer {
            layer = open
        } else {
            guard let next = waiting.popLast() else {
                guard disk.path != nil else { throw Self.noDisk(name) }
                return false
            }
            layer = LayerOfDisk(try next.open(), next.check, limits, disk)
            self.layer = layer
        }
        do {
            if try await !layer.step(body) { self.layer = nil }
        } catch  where error is TarError || error is LayerError {
            let known = await layer.blame(error)
            throw known is ImageFileError
                ? known : Failure(.invalidLayer, "a layer of \(name) cannot be read", cause: error)
        }
        return true
    }

    public mutating func blame(_ error: any Error) async -> any Error { await layer?.blame(error) ?? error }

    private static func noDisk(_ name: String) -> Failure {
        Failure(
            .unsupportedImage, "\(name) has no file below disk/, so that there is no disk in it",
            hint: "without type=zvol it becomes an image of type docker")
    }
}

/// A layer that may have the disk.
public struct ContainerDiskLayer<Layer: ImageFileReader> {
    let check: ImageFileCheck
    let open: () throws -> Layer

    /// - Parameter check: what its file must turn out to be.
    public init(_ check: ImageFileCheck, open: @escaping () throws -> Layer) {
        self.check = check
        self.open = open
    }
}

/// A layer that is being read.
private final class LayerOfDisk<Layer: ImageFileReader> {
    private var reader: Layer
    private var pass: ImagePass
    private var archive: TarReader
    private var disk: OnlyFile

    init(_ reader: Layer, _ check: ImageFileCheck, _ limits: LayerLimits, _ disk: OnlyFile) {
        self.reader = reader
        self.disk = disk
        archive = TarReader(limits: limits.tar)
        pass = ImagePass(check: check, compression: nil, limits: limits.decompression)
    }

    /// - Returns: false at the end, which is that of a file that is as it should be.
    func step(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        if try await reader.next({ bytes in try lend(body) { try pass.feed(bytes, feed) } }) { return true }
        try lend(body) {
            try pass.finish(feed)
            try archive.finish(to: &disk)
        }
        disk.endLayer()
        return false
    }

    func blame(_ error: any Error) async -> any Error { await pass.blame(error, reading: &reader) }

    private func feed(_ bytes: RawSpan) throws { try archive.feed(bytes, to: &disk) }

    /// The disk's bytes go to `body` meanwhile.
    private func lend(_ body: (RawSpan) throws -> Void, _ work: () throws -> Void) throws {
        try withoutActuallyEscaping(body) { body in
            disk.receive = body
            defer { disk.receive = nil }
            try work()
        }
    }
}
