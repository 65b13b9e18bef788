public import Compression
public import ImageModel
public import JSON
public import SystemPackage

/// What `convert` is asked to do.
public struct ConvertRequest: Sendable {
    /// The file of a disk, or of an archive, or `-`.
    public var file: String
    /// The fields of a manifest that was given (`-m`).
    public var manifest: JSONObject = [:]
    /// What named the file in which it is.
    public var manifestFile: String?
    /// Single fields, which count more: a path and its value.
    public var fields: [(path: String, value: JSONValue)] = []
    /// A folder, or the start of the paths of file and manifest; nil for the current folder.
    public var output: FilePath?
    public var compression = CompressionFormat.gzip
    /// Manifests of image files: the first is what the new image is an increment to, the others are what that builds on.
    public var origins: [String] = []
    /// Bytes of a block of a disk's volume; nil for the usual, or the origin's.
    public var blockSize: Int?
    /// Files that are there may be replaced.
    public var isReplacing = false

    /// The compression that ``output`` names.
    public var namedCompression: CompressionFormat? { CreateFiles.compression(namedBy: output) }

    public init(file: String) { self.file = file }

    /// Without a path; nil of what has no name.
    var fileName: String? { file == "-" ? nil : FilePath(file).lastComponent?.string }
}

/// The files that `convert` or `export` wrote.
public struct ConvertedImage: Sendable {
    public let manifest: Manifest
    public let file: FilePath
    public let manifestFile: FilePath
}
