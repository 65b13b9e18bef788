import Host
public import SystemPackage
public import ZFS

/// What `export` is asked to do.
public struct ExportRequest: Sendable {
    /// A file, or how an installed image is called.
    public var image: String
    public var format: ExportFormat
    /// Nil for standard output.
    public var output: FilePath?
    /// Image files that a file builds on.
    public var origins: [String] = []
    /// The pool in which an installed image is looked for.
    public var pool: PoolName
    /// A file that is there may be replaced.
    public var isReplacing = false
    /// The files of which it is made, once they are known.
    var sources: [FileIdentity] = []

    var rule: OutputRule { OutputRule(isReplacing: isReplacing, sources: sources) }

    public init(image: String, format: ExportFormat, output: FilePath?, pool: PoolName) {
        self.image = image
        self.format = format
        self.output = output
        self.pool = pool
    }
}
