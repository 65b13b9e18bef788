/// One entry of an archive, as all of its headers together describe it.
public struct TarEntry: Sendable {
    public enum Kind: Sendable, Hashable {
        case file, directory, symbolicLink, hardLink, characterDevice, blockDevice, fifo
    }

    /// The path as it stands: not empty, without NUL, otherwise unchecked (`./a`, `../a` and `/a` all occur).
    public var path: [UInt8]
    public var kind: Kind
    /// Where a link leads; empty for everything else.
    public var linkTarget: [UInt8] = []
    /// The low 12 bits: permissions, set-user-ID, set-group-ID, sticky.
    public var mode: UInt32 = 0
    /// `UInt32.max`: nobody, so that the entry stays whose it is when it is made.
    public var uid: UInt32 = 0
    public var gid: UInt32 = 0
    /// Bytes of a file as it is read, holes included; 0 for everything else.
    public var size: UInt64 = 0
    /// The file has holes, of which no content comes.
    public var isSparse = false
    public var modified = TarTime(seconds: 0)
    public var deviceMajor: UInt32 = 0
    public var deviceMinor: UInt32 = 0
    /// Extended attributes, names with their name space.
    public var extendedAttributes: [(name: [UInt8], value: [UInt8])] = []

    public init(path: [UInt8], kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

/// A moment, counted from 1970, as far off as an archive says: a file system's times may reach less far.
public struct TarTime: Sendable, Hashable {
    public var seconds: Int64
    /// 0 to 999,999,999, added to the seconds even where those are negative.
    public var nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

/// What is done with the entries of an archive.
public protocol TarVisitor {
    mutating func begin(_ entry: TarEntry) throws
    /// Content of the file that was begun, in ascending order; of a sparse file, its data alone.
    ///
    /// - Parameters:
    ///   - bytes: valid during the call only.
    ///   - offset: where in the file they belong.
    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws
    /// The entry is complete, whatever its kind.
    mutating func end() throws
}
