import RawBytes

/// Text in the form a URL's path or query takes (RFC 3986 §2.1).
public enum URLEncoding {
    /// Text with its percent escapes resolved; what is no escape stays.
    ///
    /// - Parameter plusIsBlank: as forms have it (HTML, "application/x-www-form-urlencoded").
    public static func decoded(_ text: some StringProtocol, plusIsBlank: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(Hexadecimal.value),
                let low = rest.dropFirst().first.flatMap(Hexadecimal.value)
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Percent-encodes everything but the characters RFC 3986 §2.3 calls unreserved. A `+` becomes `%2B`, since servers
    /// read `+` as a blank (imgapi.md §1).
    public static func component(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return result
    }

    /// `NAME=VALUE&…`, as a query or a form has it.
    public static func query(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0)=\(component($0.1))" }.joined(separator: "&")
    }
}
