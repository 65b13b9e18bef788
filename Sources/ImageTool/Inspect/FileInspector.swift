import Compression
import DiskImage
import Failure
import ImageModel
import JSON
import SendStream
import Tar

/// Reads one file from its beginning to its end, and notes what it is.
struct FileInspector {
    private let file: GivenFile
    private let manifest: FileManifest?
    private let checksums: FileChecksums
    var inspection = Inspection()
    private var disagreement: Failure?
    /// Of a stream of one snapshot.
    private(set) var streamGUID: UInt64?
    /// It is a disk, or has the files of a root: of its bytes, an image may have been made.
    private(set) var isContent = false

    init(_ file: GivenFile, _ manifest: FileManifest?) {
        self.file = file
        self.manifest = manifest
        checksums = manifest?.check ?? FileChecksums()
    }

    mutating func run() {
        inspection.facts["file"] = .string(file.name)
        if let size = file.size { inspection.facts["size"] = .bytes(size) }
        do {
            let checksums = checksums
            let raw = RawDiskName.compression(of: file.name)
            let content = try UnpackedFile(file, in: raw) { bytes in checksums.add(bytes) }
            inspection.facts["compression"] = .string(content.compression.rawValue)
            var stream = StreamInspector()
            switch try raw == nil ? kind(of: content) : .disk {
            case .stream:
                inspection.facts["kind"] = "stream"
                try content.read { bytes in try stream.feed(bytes) }
                take(stream.finish())
                streamGUID = stream.header?.guid
            case .archive:
                isContent = true
                inspection.facts["kind"] = "archive"
                take(try ArchiveInspector.inspect(content))
                let archive = inspection.facts["archive"]
                if file.isSeekable, archive?["appliance"] == true || archive?["incus"] == "virtual-machine" {
                    try inspectDisk(content, rawIn: nil)
                }
            case .squashfs:
                isContent = true
                inspection.facts["kind"] = "squashfs"
                take(try SquashfsInspector.inspect(content))
            case .disk:
                isContent = true
                try inspectDisk(content, rawIn: raw)
            case .manifest:
                inspection.facts["kind"] = "manifest"
                try inspectManifest(content)
            case .unknown:
                inspection.facts["kind"] = "unknown"
                try content.read { _ in }
            }
            compare(content, stream)
        } catch {
            inspection.damage = Self.failure(error, file)
        }
        if let damage = inspection.damage {
            inspection.facts["intact"] = false
            inspection.facts["damage"] = .string(damage.description)
        } else if inspection.facts["kind"] != "unknown" {
            inspection.facts["intact"] = true
        }
        inspection.damage = inspection.damage ?? disagreement
    }

    /// By its first bytes, or the last ones. What is malformed, is a malformed stream.
    private mutating func kind(of content: UnpackedFile) throws -> ImageFileKind {
        let kind: ImageFileKind
        do {
            kind = try ImageFileKind(content.head)
        } catch {
            inspection.facts["kind"] = "stream"
            throw error
        }
        guard case .unknown = kind, content.compression == .none, try file.isFixedVHD() else { return kind }
        return .disk
    }

    private mutating func take(_ other: Inspection) {
        for (key, value) in other.facts { inspection.facts[key] = value }
        inspection.damage = other.damage
        inspection.remarks += other.remarks
    }

    private mutating func inspectDisk(_ content: UnpackedFile, rawIn: CompressionFormat?) throws {
        inspection.facts["kind"] = "disk"
        var probe = DiskProbe()
        var facts: JSONObject = [:]
        // What can be read only once is kept, since a disk may be in any order in its file.
        let disk = try file.isSeekable ? file : GivenFile(keeping: content)
        disk.rewind()
        // What was kept is unpacked.
        let reader = try DiskSourceFile(disk, rawIn: rawIn.map { file.isSeekable ? $0 : .none }).reader()
        facts["format"] = .string(reader.description.format.rawValue)
        if !reader.description.wrappers.isEmpty {
            facts["wrapped_in"] = .array(reader.description.wrappers.map { .string($0) })
        }
        if !reader.description.detail.isEmpty { facts["detail"] = .string(reader.description.detail) }
        facts["size"] = .bytes(try reader.read(to: &probe))
        facts["data_bytes"] = .bytes(probe.dataBytes)
        if file.isSeekable, manifest != nil {
            // The checksums of the file are those of all its bytes, in their order.
            file.rewind()
            let checksums = self.checksums
            checksums.restart()
            try UnpackedFile(file, in: rawIn) { bytes in checksums.add(bytes) }.read { _ in }
        }
        facts.merge(probe.content())
        inspection.facts["disk"] = .object(facts)
    }

    private mutating func inspectManifest(_ content: UnpackedFile) throws {
        var bytes: [UInt8] = []
        try content.read { piece in
            guard bytes.count + piece.byteCount <= ImageLimits.manifest else {
                throw Failure(
                    .invalidManifest, "it is JSON of more than \(ImageLimits.manifest >> 20) MiB, and so no manifest")
            }
            unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        }
        let value = try JSONValue(parsing: bytes)
        let object = value.objectValue ?? [:]
        var facts: JSONObject = [:]
        for key in ["uuid", "name", "version", "os", "type", "origin", "published_at"] {
            if let value = object[key] { facts[key] = value }
        }
        do throws(Failure) {
            try ManifestValidation.check(object["v"] == nil ? ManifestUpgrade.upgrade(object) : object)
            facts["valid"] = true
        } catch {
            facts["valid"] = false
            facts["problem"] = .string(error.description)
        }
        inspection.facts["manifest"] = .object(facts)
    }

    private mutating func compare(_ content: UnpackedFile, _ stream: StreamInspector) {
        guard let manifest, let kind = inspection.facts["kind"]?.stringValue, manifest.isOfFile(kind) else { return }
        let differences = manifest.differences(
            size: file.size, compression: content.compression, checksums: checksums.result(), stream: stream.header,
            volumeSize: stream.volumeSize)
        inspection.facts["manifest"] = manifest.facts(differences)
        guard let first = differences.first else { return }
        // The facts have all of them.
        let more = differences.count > 1 ? "; and \(differences.count - 1) more, in manifest.differences" : ""
        disagreement = Failure(
            .problemsFound, "\"\(file.name)\" is not what \"\(manifest.path)\" says: \(first)\(more)")
    }

    private static func failure(_ error: any Error, _ file: GivenFile) -> Failure {
        if let error = error as? any CodedError { return error.failure }
        return Failure(.invalidFile, "\"\(file.name)\" is damaged, or nothing that can be read here", cause: error)
    }
}

extension JSONObject {
    /// Adds what is on a disk.
    mutating func merge(_ content: DiskContent) {
        if let table = content.partitionTable { self["partition_table"] = .string(table) }
        if let fileSystem = content.fileSystem { self["file_system"] = .string(fileSystem) }
        guard !content.partitions.isEmpty else { return }
        self["partitions"] = .array(
            content.partitions.map { partition in
                var facts: JSONObject = [
                    "number": .number(JSONNumber(partition.number)), "offset": .bytes(partition.offset),
                    "size": .bytes(partition.size), "type": .string(partition.type),
                ]
                if let name = partition.name { facts["name"] = .string(name) }
                if let fileSystem = partition.fileSystem { facts["file_system"] = .string(fileSystem) }
                return .object(facts)
            })
    }
}
