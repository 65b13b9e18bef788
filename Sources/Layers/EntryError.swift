public import SystemPackage

/// What the file system did not do with an entry of a layer.
public struct EntryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The entry's path, as it may be shown.
    public let path: String
    public let errno: Errno
    /// What could not be done, where it is not the entry itself, such as an attribute.
    public let detail: String

    init(_ path: [UInt8], _ errno: Errno, _ detail: String = "") {
        self.path = path.shown
        self.errno = errno
        self.detail = detail
    }

    public var description: String {
        "entry \"\(path)\" cannot be unpacked: \(detail.isEmpty ? "" : detail + ": ")\(errno)"
    }

    /// Gives the errors of the file system the name of the entry that they are about.
    static func naming<Value>(_ path: [UInt8], _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let errno as Errno {
            throw EntryError(path, errno)
        }
    }
}

extension [UInt8] {
    /// A path as text, cut where it is long.
    var shown: String {
        let text = String(decoding: prefix(200), as: UTF8.self)
        return count > 200 ? text + "…" : text
    }
}
