public import Failure

/// The name of a pool, checked against what ZFS allows (zpool(8): letters, digits, `_ - . :` and blank, a letter
/// first), so that it can never be taken for an option or another dataset.
public struct PoolName: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let description: String

    public init?(_ text: String) {
        guard let first = text.utf8.first, text.utf8.count < 200,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20),
            text.utf8.allSatisfy(DatasetName.allowsInComponent), !text.hasSuffix(" ")
        else { return nil }
        description = text
    }

    init(unchecked: String) { description = unchecked }

    /// - Throws: `InvalidPoolName`.
    public init(checking text: String) throws(Failure) {
        guard let name = PoolName(text) else {
            throw Failure(.invalidPoolName, "\"\(text)\" is not a valid zpool name")
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
        guard text.utf8.count < 256 else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let pool = parts.first, PoolName(String(pool)) != nil,
            parts.dropFirst().allSatisfy({ part in
                !part.isEmpty && part != "." && part != ".." && part.utf8.allSatisfy(DatasetName.allowsInComponent)
            })
        else { return nil }
        description = text
    }

    init(unchecked: String) { description = unchecked }

    /// The dataset of this name right below. The component must be made of characters that ZFS allows.
    public func child(_ component: String) -> DatasetName { DatasetName(unchecked: "\(self)/\(component)") }

    public var poolName: PoolName { PoolName(unchecked: String(pool)) }
    public var pool: Substring { description.prefix { $0 != "/" } }
    /// What follows the last `/`.
    public var lastComponent: Substring {
        description[(description.lastIndex(of: "/").map(description.index(after:)) ?? description.startIndex)...]
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

    public init?(_ text: String) {
        guard let at = text.firstIndex(of: "@"), let dataset = DatasetName(String(text[..<at])) else { return nil }
        let name = String(text[text.index(after: at)...])
        guard !name.isEmpty, name.utf8.allSatisfy(DatasetName.allowsInComponent), text.utf8.count < 256 else {
            return nil
        }
        self.dataset = dataset
        self.name = name
    }

    public var description: String { "\(dataset)@\(name)" }

    public static func < (a: SnapshotName, b: SnapshotName) -> Bool { a.description < b.description }
}
