/// A header that a test fills in as it likes, wrong values included. All fields are octal text unless set otherwise.
public struct Header: Sendable {
    public enum Dialect: CaseIterable, Sendable { case v7, ustar, gnu }

    private var block = [UInt8](repeating: 0, count: 512)
    private var hasOwnChecksum = false

    public init(
        _ name: String, type: Character = "0", size: Int = 0, link: String = "", mode: Int = 0o644, uid: Int = 0,
        gid: Int = 0, modified: Int = 0, prefix: String = "", dialect: Dialect = .ustar
    ) {
        self = self.with(0, name).with(100, octal(mode, 7)).with(108, octal(uid, 7)).with(116, octal(gid, 7))
            .with(124, octal(size, 11)).with(136, octal(modified, 11)).with(156, "\(type)").with(157, link)
        switch dialect {
        case .v7: break
        case .ustar: self = with(257, "ustar\u{0}00").with(329, octal(0, 7)).with(337, octal(0, 7)).with(345, prefix)
        case .gnu: self = with(257, "ustar  \u{0}")
        }
    }

    public func with(_ place: Int, _ text: String) -> Header { with(place, Array(text.utf8)) }

    public func with(_ place: Int, _ bytes: [UInt8]) -> Header {
        var copy = self
        copy.block.replaceSubrange(place..<(place + bytes.count), with: bytes)
        if place == 148 { copy.hasOwnChecksum = true }
        return copy
    }

    /// With the checksum that belongs there, unless the test set one.
    public var sealed: [UInt8] {
        hasOwnChecksum ? block : with(148, octal(checksum(signed: false), 6) + "\u{0} ").block
    }

    public func checksum(signed: Bool) -> Int {
        block.enumerated().reduce(0) { sum, byte in
            if (148..<156).contains(byte.offset) { return sum + 32 }
            return sum + (signed ? Int(Int8(bitPattern: byte.element)) : Int(byte.element))
        }
    }
}

public func octal(_ number: Int, _ digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// A number of any sign as GNU writes what octal digits cannot hold.
public func base256(_ number: Int64, _ width: Int) -> [UInt8] {
    var bytes = (0..<width).map { place -> UInt8 in
        let shift = 8 * (width - 1 - place)
        return UInt8(truncatingIfNeeded: shift > 63 ? number >> 63 : number >> shift)
    }
    bytes[0] |= 0x80
    return bytes
}

public func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

/// The two blocks that end an archive.
public let end = zeros(1024)

public func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + zeros((512 - bytes.count % 512) % 512) }

/// A header and what belongs to it.
public func entry(_ header: Header, _ content: [UInt8] = []) -> [UInt8] { header.sealed + padded(content) }

/// A file of the size its content has.
public func file(_ name: String, _ content: String = "", dialect: Header.Dialect = .ustar) -> [UInt8] {
    entry(Header(name, size: content.utf8.count, dialect: dialect), Array(content.utf8))
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself.
public func record(_ key: String, _ value: String) -> [UInt8] { record(key, Array(value.utf8)) }

public func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(key)=".utf8) + value + Array("\n".utf8)
    var length = rest.count
    while length != rest.count + "\(length)".utf8.count { length = rest.count + "\(length)".utf8.count }
    return Array("\(length)".utf8) + rest
}

/// An extended header with any bytes in it.
public func extended(_ bytes: [UInt8], type: Character = "x") -> [UInt8] {
    entry(Header("PaxHeaders/entry", type: type, size: bytes.count), bytes)
}

public func pax(_ records: KeyValuePairs<String, String>, type: Character = "x") -> [UInt8] {
    extended(records.flatMap { record($0.key, $0.value) }, type: type)
}

/// GNU's long name (`L`) or long link (`K`), ended by a NUL as GNU tar does it.
public func long(_ type: Character, _ text: String, ending: [UInt8] = [0]) -> [UInt8] {
    let bytes = Array(text.utf8) + ending
    return entry(Header("././@LongLink", type: type, size: bytes.count, dialect: .gnu), bytes)
}
