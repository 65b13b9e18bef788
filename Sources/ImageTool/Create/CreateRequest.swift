public import Compression
public import ImageModel
public import JSON
public import SystemPackage

/// What `create` is asked to do (cli.md §3; create.md).
public struct CreateRequest: Sendable {
    public var machine: ImageUUID
    /// The fields of a manifest that was given (`-m`).
    public var manifest: JSONObject = [:]
    /// What named the file in which it is.
    public var manifestFile: String?
    /// Single fields, which count more: a path and its value.
    public var fields: [(path: String, value: JSONValue)] = []
    /// A folder, or the start of the paths of file and manifest; nil for the current folder.
    public var output: FilePath?
    public var compression = CompressionFormat.none
    /// Only what is different from the image that the VM was made of.
    public var isIncremental = false
    /// How many parents an incremental image may have.
    public var maxOriginDepth: Int?
    /// What is run in the VM before its image is made (`-s`).
    public var script: String?
    /// What named the file in which it is.
    public var scriptFile: String?

    /// Files that are there may be replaced.
    public var isReplacing = false

    /// The compression that ``output`` names.
    public var namedCompression: CompressionFormat? { CreateFiles.compression(namedBy: output) }

    public init(machine: ImageUUID) { self.machine = machine }
}

/// The files that `create` wrote.
public struct CreatedImage: Sendable {
    public let manifest: Manifest
    public let file: FilePath
    public let manifestFile: FilePath
    /// Of the file.
    public let bytes: Int64
    /// The same by the paths through which they were written.
    let openedFile: FilePath
    let openedManifest: FilePath
}
