public import Failure

/// The name of a pool, checked against what ZFS allows (zpool(8): letters, digits, `_ - . :` and blank, a letter
/// first), so that it can never be taken for an option or another dataset.
public struct PoolName: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let description: String

    public init?(_ text: String) {
        guard PoolName.isName(text.utf8) else { return nil }
        description = text
    }

    fileprivate static func isName<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count < 200 else { return false }
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20)
            && bytes.allSatisfy(DatasetName.allowsInComponent) && last != UInt8(ascii: " ")
    }

    init(unchecked: String) { description = unchecked }

    /// - Throws: `InvalidPoolName`.
    public init(checking text: String) throws(Failure) {
        guard let name = PoolName(text) else {
            let pool = text.prefix { $0 != "/" }
            throw Failure(
                .invalidPoolName, "\"\(text)\" is not a valid zpool name",
                hint: text.contains("/") && PoolName(String(pool)) != nil
                    ? "\(pool): images lie directly below the dataset of a pool, and nowhere else" : nil)
        }
        self = name
    }

    /// The pool's own dataset.
    public var dataset: DatasetName { DatasetName(unchecked: description) }

    public static func < (a: PoolName, b: PoolName) -> Bool { a.description < b.description }
}

/// The name of a file system or volume: components parted by `/`, the pool first (zfs(8)).
public struct DatasetName: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let description: String

    public init?(_ text: String) {
        guard DatasetName.isName(text.utf8) else { return nil }
        description = text
    }

    /// Of a line, of which there may be tens of thousands.
    init?(bytes: ArraySlice<UInt8>) {
        guard DatasetName.isName(bytes) else { return nil }
        description = String(decoding: bytes, as: UTF8.self)
    }

    private static func isName<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bool {
        guard bytes.count < 256 else { return false }
        var rest = bytes[...]
        var isPool = true
        while true {
            let part = rest.prefix { $0 != UInt8(ascii: "/") }
            guard isPool ? PoolName.isName(part) : isComponent(part) else { return false }
            rest = rest[part.endIndex...]
            guard !rest.isEmpty else { return true }
            rest = rest.dropFirst()
            isPool = false
        }
    }

    private static func isComponent(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.allSatisfy(allowsInComponent) else { return false }
        // Neither `.` nor `..`, nor nothing.
        return bytes.count > 2 || bytes.contains { $0 != UInt8(ascii: ".") }
    }

    init(unchecked: String) { description = unchecked }

    /// The dataset of this name right below. The component must be made of characters that ZFS allows.
    public func child(_ component: String) -> DatasetName { DatasetName(unchecked: "\(self)/\(component)") }

    public var poolName: PoolName { PoolName(unchecked: String(pool)) }
    public var pool: Substring {
        description[..<(description.utf8.firstIndex(of: UInt8(ascii: "/")) ?? description.endIndex)]
    }
    /// What follows the last `/`.
    public var lastComponent: Substring {
        let bytes = description.utf8
        return description[(bytes.lastIndex(of: UInt8(ascii: "/")).map(bytes.index(after:)) ?? bytes.startIndex)...]
    }

    /// The datasets it lies in, the nearest first.
    public var above: [DatasetName] {
        var names: [DatasetName] = []
        var rest = description[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            names.append(DatasetName(unchecked: String(rest)))
        }
        return names
    }

    /// It lies in that dataset, at whatever depth.
    public func isBelow(_ other: DatasetName) -> Bool {
        let (own, others) = (description.utf8, other.description.utf8)
        return own.count > others.count && own.starts(with: others)
            && own[own.index(own.startIndex, offsetBy: others.count)] == UInt8(ascii: "/")
    }

    public func snapshot(_ name: String) -> SnapshotName? { SnapshotName("\(self)@\(name)") }

    public static func < (a: DatasetName, b: DatasetName) -> Bool { a.description < b.description }

    /// The bytes ZFS allows in a component of a name.
    static func allowsInComponent(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: " "): true
        default: false
        }
    }
}

/// The name of a snapshot, `DATASET@NAME`.
public struct SnapshotName: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let dataset: DatasetName
    /// What follows the `@`.
    public let name: String

    public init?(_ text: String) { self.init(bytes: Array(text.utf8)[...]) }

    init?(bytes: ArraySlice<UInt8>) {
        guard let at = bytes.firstIndex(of: UInt8(ascii: "@")), let dataset = DatasetName(bytes: bytes[..<at]) else {
            return nil
        }
        let name = bytes[(at + 1)...]
        guard !name.isEmpty, name.allSatisfy(DatasetName.allowsInComponent), bytes.count < 256 else { return nil }
        self.dataset = dataset
        self.name = String(decoding: name, as: UTF8.self)
    }

    public var description: String { "\(dataset)@\(name)" }

    public static func < (a: SnapshotName, b: SnapshotName) -> Bool { a.description < b.description }
}
