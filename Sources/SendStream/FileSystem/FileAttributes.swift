/// What a file system says of a file, whatever its kind.
public struct FileAttributes: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case file, directory, symbolicLink, characterDevice, blockDevice, fifo, socket
        /// A door or a port of Solaris.
        case other
    }

    public var kind: Kind
    /// The low 12 bits of the mode.
    public var permissions: UInt32
    /// nil: an identity of Windows, which is no number here.
    public var owner: UInt32?
    public var group: UInt32?
    /// Bytes; of a directory, its entries.
    public var size: UInt64
    /// Names that it has.
    public var linkCount: UInt64
    /// When the content was last changed, in seconds since 1970.
    public var modified: Int64
    public var modifiedNanoseconds: UInt32
    /// Of a device.
    public var deviceMajor: UInt32 = 0
    public var deviceMinor: UInt32 = 0
    /// Of a symbolic link; empty where it was left out of the stream.
    public var linkTarget: [UInt8] = []
    /// Extended attributes, with their name space as Linux has it (`user.`, `security.`, …).
    public var extendedAttributes: [ExtendedAttribute] = []
    /// It has an access control list that says more than its mode. It is not read.
    public var hasAccessControlList = false
    /// The object of the directory in which extended attributes are files; 0: there is none.
    var attributeDirectory: UInt64 = 0

    public struct ExtendedAttribute: Sendable, Hashable {
        public var name: [UInt8]
        public var value: [UInt8]

        public init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// Of what is new: root's, with one name, as old as can be.
    public init(_ kind: Kind, permissions: UInt32, size: UInt64 = 0) {
        self.kind = kind
        self.permissions = permissions
        owner = 0
        group = 0
        self.size = size
        linkCount = 1
        modified = 0
        modifiedNanoseconds = 0
    }
}

extension FileAttributes {
    /// The attributes that matter here, as numbers or bytes of whatever form they are kept in.
    struct Raw {
        var mode: UInt64 = 0
        var size: UInt64 = 0
        var links: UInt64 = 0
        var owner: UInt64 = 0
        var group: UInt64 = 0
        var device: UInt64 = 0
        var flags: UInt64 = 0
        var modified: (UInt64, UInt64) = (0, 0)
        var attributeDirectory: UInt64 = 0
        var linkTarget: [UInt8]?
        var isTargetLeftOut = false
        var packedAttributes: [UInt8] = []
    }

    init(_ raw: Raw) throws(UnplacedStreamError) {
        kind =
            switch raw.mode & 0xf000 {
            case 0x1000: .fifo
            case 0x2000: .characterDevice
            case 0x4000: .directory
            case 0x6000: .blockDevice
            case 0x8000: .file
            case 0xa000: .symbolicLink
            case 0xc000: .socket
            case 0xd000, 0xe000: .other
            default:
                throw UnplacedStreamError(.badRecord, "a file is of no known kind (mode \(String(raw.mode, radix: 8)))")
            }
        permissions = UInt32(truncatingIfNeeded: raw.mode & 0o7777)
        owner = Self.identity(raw.owner)
        group = Self.identity(raw.group)
        size = raw.size
        // What no system takes could not be extracted; 2^63 - 1 is the end of every file.
        guard size <= UInt64(Int64.max) else { throw UnplacedStreamError(.badRecord, "a file of \(size) bytes") }
        linkCount = raw.links
        modified = Int64(bitPattern: raw.modified.0)
        guard let nanoseconds = UInt32(exactly: raw.modified.1), nanoseconds < 1_000_000_000 else {
            throw UnplacedStreamError(.badRecord, "a time has \(raw.modified.1) nanoseconds")
        }
        modifiedNanoseconds = nanoseconds
        if kind == .characterDevice || kind == .blockDevice { setDevice(raw.device) }
        attributeDirectory = raw.attributeDirectory
        // `ZFS_ACL_TRIVIAL` (zfs_znode.h)
        hasAccessControlList = raw.flags & 0x4 == 0
        if kind == .symbolicLink {
            guard let target = raw.linkTarget, target.isEmpty == raw.isTargetLeftOut, !target.contains(0) else {
                throw UnplacedStreamError(.badRecord, "a symbolic link leads nowhere")
            }
            linkTarget = target
        }
        if !raw.packedAttributes.isEmpty { try unpack(raw.packedAttributes) }
    }

    /// What is above 32 bits is a domain of Windows, and a number in it (zfs_fuid.h).
    private static func identity(_ number: UInt64) -> UInt32? { number < UInt64(UInt32.max) ? UInt32(number) : nil }

    /// illumos and FreeBSD keep the two numbers side by side; Linux, its kernel's `dev_t`, of 12 and 20 bits.
    private mutating func setDevice(_ device: UInt64) {
        let bits: UInt64 = device >> 32 == 0 ? 20 : 32
        deviceMajor = UInt32(truncatingIfNeeded: device >> bits)
        deviceMinor = UInt32(truncatingIfNeeded: device & (1 << bits - 1))
    }

    /// Those that are kept beside the others (`xattr=sa`): a packed list of names and bytes.
    private mutating func unpack(_ packed: [UInt8]) throws(UnplacedStreamError) {
        for pair in try unsafe NameValueList(packed: packed.span.bytes).pairs {
            guard case .bytes(let value) = pair.value else {
                throw UnplacedStreamError(.badRecord, "an extended attribute is no bytes")
            }
            add(pair.name, value)
        }
    }

    private static let nameSpaces = ["user.", "security.", "trusted.", "system."].map { Array($0.utf8) }

    /// Systems other than Linux keep those of the user without a name space, and notes of their own among them.
    mutating func add(_ name: [UInt8], _ value: [UInt8]) {
        guard !name.starts(with: "SUNWattr_".utf8), !name.isEmpty else { return }
        let hasNameSpace = Self.nameSpaces.contains { name.starts(with: $0) }
        extendedAttributes.append(.init(name: hasNameSpace ? name : Array("user.".utf8) + name, value: value))
    }
}
