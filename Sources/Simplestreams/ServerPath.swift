/// A path below a server's URL, as an index or a list of products states it: it cannot leave the server's tree, nor lead to
/// another host, whoever puts it behind the URL and a slash.
public struct ServerPath: Sendable, Hashable, CustomStringConvertible {
    private let text: String

    /// Nil unless it is relative, of printable ASCII as may stand in the path of a URL (RFC 3986 §3.3), without `.` and `..`
    /// (escaped neither), and no longer than 1024 bytes.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 1024, bytes.allSatisfy(Self.isAllowed), Self.hasHarmlessEscapes(bytes) else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), let first = parts.first,
            !first.contains(":")  // it would be a scheme
        else { return nil }
        self.text = text
    }

    public var description: String { text }

    /// The last component.
    public var fileName: String { String(text.split(separator: "/").last ?? "") }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "/-._~!$&'()*+,;=:@%".utf8.contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// Escapes stand for bytes that could not stand there themselves; those of points, slashes, backslashes, percent signs and
    /// control characters would mean another thing to whoever resolves them.
    private static func hasHarmlessEscapes(_ bytes: [UInt8]) -> Bool {
        for place in bytes.indices where bytes[place] == UInt8(ascii: "%") {
            let digits = String(decoding: bytes[(place + 1)...].prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.utf8.allSatisfy({ isAlphanumeric($0) }),
                let byte = UInt8(digits, radix: 16),
                byte > 0x20, byte != 0x7f, !"./\\%".utf8.contains(byte)
            else { return false }
        }
        return true
    }
}
