import Compression
import Failure
import Host
import ImageModel
import JSON
import SendStream
import SystemPackage

/// The manifest that lies beside an image file, as `create` writes them, and whether the two agree.
struct FileManifest {
    let path: FilePath
    let manifest: Manifest

    private static let suffixes = [".gz", ".bz2", ".xz", ".zst", ".zfs", ".zvol", ".tar", ".raw", ".qcow2"]

    /// - Returns: nil if there is none.
    /// - Throws: `InvalidManifest`, `FileSystemError`.
    init?(beside file: FilePath) throws {
        var name = file.string
        for _ in 0..<2 {
            guard let suffix = Self.suffixes.first(where: name.hasSuffix) else { break }
            name.removeLast(suffix.count)
        }
        let candidates = [".imgmanifest", ".manifest"].map { FilePath(name + $0) }
        guard let path = try candidates.first(where: { try HostFile.exists($0) }) else { return nil }
        guard let bytes = try HostFile.read(path, limit: ImageLimits.manifest, from: .setUp) else { return nil }
        self.path = path
        do {
            manifest = try Manifest(JSONValue(parsing: bytes))
        } catch {
            throw Failure(.invalidManifest, "the manifest \"\(path)\" beside the file cannot be read", cause: error)
        }
    }

    private var described: ImageModel.ImageFile? { manifest.files.first }

    /// It may be the manifest of such a file. One beside a disk or the archive of a root file system, as `convert` leaves it
    /// there, is of the image that was made of that.
    func isOfFile(_ kind: String) -> Bool {
        switch kind {
        case "disk", "squashfs": false
        case "archive": manifest.imageType == .docker
        default: true
        }
    }

    /// The checksums that are to be made while the file is read.
    var check: FileChecksums { FileChecksums(sha1: described?.sha1 != nil, digest: manifest.fileDigest?.description) }

    /// What is stated otherwise than it is found, each as a sentence.
    func differences(
        size: UInt64?, compression: CompressionFormat, checksums: FileChecksums.Result, stream: StreamHeader?,
        volumeSize: UInt64?
    ) -> [String] {
        var found: [String] = []
        func compare(_ what: String, _ stated: String?, _ actual: String?) {
            guard let stated, let actual, stated.lowercased() != actual.lowercased() else { return }
            found.append("\(what) is \(actual), and stated as \(stated)")
        }
        compare("the size of the file", described?.size.map { "\($0)" }, size.map { "\($0)" })
        compare("the compression", described?.compression, compression.rawValue)
        compare("the SHA-1", described?.sha1, checksums.sha1)
        compare("the digest", manifest.fileDigest?.description, checksums.digest)
        if let stated = manifest.unusableDigest {
            found.append("\(stated.field) is \(stated.value), which is no digest")
        }
        compare("the guid of the snapshot", described?.datasetGUID, stream.map { "\($0.guid)" })
        if let stream {
            let isVolume = stream.kind == .volume
            if let type = manifest.type, (manifest.imageType == .zvol) != isVolume {
                found.append(
                    "the stream makes a \(isVolume ? "volume" : "file system"), and the type is stated as \(type)")
            }
            if (manifest.origin != nil) != (stream.originGUID != nil) {
                found.append(
                    stream.originGUID == nil
                        ? "the stream is whole, and an origin is stated"
                        : "the stream is incremental, and no origin is stated"
                )
            }
        }
        let megabytes = manifest.json["image_size"]?.lenientInt
        compare(
            "the size of the volume in MiB", megabytes.map { "\($0)" },
            volumeSize.map { "\(($0 >> 20) + ($0 & 0xf_ffff == 0 ? 0 : 1))" })
        return found
    }

    func facts(_ differences: [String]) -> JSONValue {
        var facts: JSONObject = ["path": .string(path.string), "uuid": .string(manifest.uuid.description)]
        for (key, value) in [("name", manifest.name), ("version", manifest.version), ("type", manifest.type)] {
            if let value { facts[key] = .string(value) }
        }
        facts["agrees"] = .bool(differences.isEmpty)
        if !differences.isEmpty { facts["differences"] = .array(differences.map { .string($0) }) }
        return .object(facts)
    }
}
