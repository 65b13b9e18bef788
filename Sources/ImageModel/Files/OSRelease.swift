/// What `os-release` of a root file system says of it (os-release(5) of systemd).
///
/// The file is one of assignments as in a shell, of which only the quoting counts: nothing is expanded, and a line that is no
/// assignment is passed over, as other readers do. Of two assignments the later counts.
public struct OSRelease: Sendable, Equatable {
    private let values: [String: String]

    /// What is longer is none: those of distributions have a few hundred bytes.
    public static let longest = 64 << 10

    /// - Parameter bytes: the file; nil comes of one that is longer than ``longest``.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.longest else { return nil }
        var values: [String: String] = [:]
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let (name, value) = Self.assignment(&rest) else { continue }
            values[name] = value
        }
        self.values = values
    }

    /// An assignment's value, its quotes resolved. Any text that a file may have: fit to be looked at, not to be shown.
    public subscript(variable: String) -> String? { values[variable] }

    /// A name for the image: `ID-VERSION_ID` as in `debian-13`; `IMAGE_ID` where the image has a name of its own. Nil where
    /// neither is there, or is none by the rules of the page (lower-case letters, digits and `.`, `_`, `-`).
    public var name: String? {
        if let name = identifier("IMAGE_ID") { return name }
        guard let system = identifier("ID") else { return nil }
        return identifier("VERSION_ID").map { "\(system)-\($0)" } ?? system
    }

    /// The version of the image, not that of the system: `IMAGE_VERSION`, or `BUILD_ID`.
    public var version: String? { identifier("IMAGE_VERSION") ?? identifier("BUILD_ID") }

    /// The version of the system: `VERSION_ID`.
    public var release: String? { identifier("VERSION_ID") }

    /// By `ID`, or one of `ID_LIKE`; who states an ID that is not known otherwise is a Linux, for which the page was written.
    public var os: ImageOS? {
        guard let system = values["ID"] else { return nil }
        let words = [system[...]] + (values["ID_LIKE"] ?? "").split(separator: " ")
        return words.lazy.compactMap { ImageOS(word: $0) }.first ?? .linux
    }

    private func identifier(_ variable: String) -> String? {
        guard let value = values[variable], !value.isEmpty, value.utf8.count <= 128 else { return nil }
        let isFit = value.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-".utf8.contains(byte)
        }
        return isFit ? value : nil
    }
}

// MARK: - Reading

extension OSRelease {
    /// Takes a line off, or several where a quoted value has line ends in it; nil where it is no assignment.
    private static func assignment(_ rest: inout ArraySlice<UInt8>) -> (String, String)? {
        let line = rest.prefix { $0 != UInt8(ascii: "\n") }
        let blank = line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let name = line.dropFirst(blank.count).prefix { isNameByte($0) }
        let place = name.endIndex
        guard !name.isEmpty, place < line.endIndex, line[place] == UInt8(ascii: "=") else {
            rest = rest[line.endIndex...].dropFirst()
            return nil
        }
        var value = rest[(place + 1)...]
        let text = unquoted(&value)
        rest = value.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        guard let text else { return nil }
        return (String(decoding: name, as: UTF8.self), text)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// A value as a shell takes it: in quotes, in none, or in several pieces; it ends at a blank. Nil if a quote is not closed.
    private static func unquoted(_ rest: inout ArraySlice<UInt8>) -> String? {
        var value: [UInt8] = []
        var quote: UInt8?
        while let byte = rest.first {
            switch (byte, quote) {
            case (UInt8(ascii: "\n"), nil), (UInt8(ascii: "\r"), nil), (UInt8(ascii: " "), nil),
                (UInt8(ascii: "\t"), nil):
                return String(decoding: value, as: UTF8.self)
            case (UInt8(ascii: "'"), nil), (UInt8(ascii: "\""), nil): quote = byte
            case (_, .some(byte)): quote = nil
            case (UInt8(ascii: "\\"), nil), (UInt8(ascii: "\\"), UInt8(ascii: "\"")):
                let next = rest.dropFirst().first
                let isEscape = quote == nil || next.map { "\"\\$`\n".utf8.contains($0) } ?? false
                if isEscape {
                    rest.removeFirst()
                    // A line end that is escaped joins two lines.
                    if let next, next != UInt8(ascii: "\n") { value.append(next) }
                } else {
                    value.append(byte)
                }
            default: value.append(byte)
            }
            rest = rest.dropFirst()
        }
        return quote == nil ? String(decoding: value, as: UTF8.self) : nil
    }
}
