import Compression
import Failure
import Host
import ImageModel
import JSON
import SystemPackage

/// An image file and the manifest beside it, as `create`, `convert` and `export` write them.
struct ImageFiles {
    let file: GivenFile
    let manifest: Manifest

    /// - Parameter name: the path of a manifest.
    /// - Throws: `Usage` if it or its file is not there, or it is no manifest; `InvalidManifest`.
    init(manifestAt name: String) throws {
        let path = FilePath(name)
        try Self.refuseImageFile(path)
        guard let manifest = try Self.manifest(path) else {
            throw Failure(.usage, "manifest path does not exist: \"\(name)\"")
        }
        self.manifest = manifest
        let start = path.extension == "imgmanifest" ? Self.start(path) : path
        guard let found = try Self.candidates(start).first(where: { try HostFile.exists($0) }) else {
            throw Failure(
                .usage, "there is no image file beside the manifest \"\(name)\"",
                hint: "it is called \(start.lastComponent?.string ?? "NAME").zvol.gz or the like")
        }
        file = try GivenFile(found.string)
    }

    /// - Throws: `Usage` for a file that is there and does not begin as a manifest does, naming the one beside it.
    private static func refuseImageFile(_ path: FilePath) throws {
        guard path.extension != "imgmanifest", try HostFile.exists(path) else { return }
        let head = try HostFile.readHead(path, count: 256)
        guard head.first(where: { $0 > 0x20 }) != UInt8(ascii: "{") else { return }
        let manifest = FilePath("\(CreateFiles.startBesides(path)).imgmanifest")
        throw Failure(
            .usage, "\"\(path)\" is no manifest, and --origin names that of an image file",
            hint: try HostFile.exists(manifest)
                ? "--origin \(manifest)"
                : "the manifest lies beside the image file: convert, create and export write \"\(manifest.lastComponent?.string ?? "")\""
        )
    }

    /// What the file of an image may be called.
    static func candidates(_ start: FilePath) -> [FilePath] {
        let suffixes = CompressionFormat.allCases.map(\.fileSuffix)
        return ["zvol", "zfs"].flatMap { kind in suffixes.map { FilePath("\(start).\(kind)\($0)") } }
    }

    /// The manifest beside an image file, if there is one.
    static func manifest(beside file: FilePath) throws -> Manifest? {
        guard file.lastComponent != nil else { return nil }
        return try manifest(FilePath("\(CreateFiles.startBesides(file)).imgmanifest"))
    }

    /// - Returns: nil if there is none.
    private static func manifest(_ path: FilePath) throws -> Manifest? {
        guard let bytes = try HostFile.read(path, limit: ImageLimits.manifest, from: .setUp) else { return nil }
        do {
            guard let object = try JSONValue(parsing: bytes).objectValue else {
                throw Failure(.invalidManifest, "the manifest \"\(path)\" is not a JSON object")
            }
            return try Manifest(object)
        } catch let error as JSONError {
            throw Failure(.invalidManifest, "the manifest \"\(path)\" is not JSON", cause: error, hint: error.slip)
        }
    }

    private static func start(_ path: FilePath) -> FilePath {
        path.removingLastComponent().appending(path.stem ?? "")
    }

    /// The entry of a manifest for a file that was written.
    static func entry(
        _ output: OutputFile, _ sums: FileSums, _ compression: CompressionFormat, guid: UInt64?
    ) throws -> JSONValue {
        let sums = try sums.finish()
        var entry: JSONObject = [
            "size": .number(JSONNumber(Int(clamping: output.size))), "compression": .string(compression.rawValue),
            "sha1": .string(sums.sha1), "digest": .string("sha256:\(sums.sha256)"),
        ]
        if let guid { entry["dataset_guid"] = .string("\(guid)") }
        return .object(entry)
    }

    /// Puts an image file in its place, and then its manifest. At no moment does a manifest speak of another file than lies
    /// beside it: so one that was there goes first, and comes back if the file does not come.
    ///
    /// - Parameter commit: puts the file in its place.
    /// - Throws: what `commit` throws, and then the manifest is the one that was there; `FileSystemError`, `NoSpace`.
    static func settle(_ manifest: Manifest, at path: FilePath, commit: () throws -> Void) async throws {
        let old = try HostFile.read(path, from: .setUp)
        try HostFile.remove(path)
        do {
            try commit()
        } catch {
            throw await Failure.undoing(error) {
                if let old { try HostFile.write(old, to: path, mode: HostFile.userMode) }
            }
        }
        try HostFile.write(
            Array((JSONValue.object(manifest.json).text(.indented(2)) + "\n").utf8), to: path, mode: HostFile.userMode)
    }
}
