/// Text for a page.
enum HTMLText {
    /// Text that is nothing but text wherever it stands.
    static func escaped(_ text: String) -> String {
        // Byte by byte: to Swift, a sign and a combining mark behind it are one character, and another than the sign.
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            // Neither belongs into a page.
            case 0..<0x20, 0x7F: escaped.append(UInt8(ascii: " "))
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    /// The beginning of a text, on one line: to the end of a word where there is one.
    static func beginning(_ text: String, characters: Int) -> String {
        let line = text.prefix(8 * characters).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard line.count > characters else { return line }
        let cut = line.prefix(characters)
        let words = cut.lastIndex(of: " ").map { cut[..<$0] } ?? cut
        return (words.isEmpty ? cut : words) + "…"
    }

    /// A number of bytes, to a tenth of the largest unit of which there is one; nil for what is no size.
    static func size(_ bytes: Int64) -> String? {
        guard bytes >= 0 else { return nil }
        guard bytes >= 1024 else { return "\(bytes) B" }
        let last = units.count - 1
        // Rounded first: what is almost a MiB is one.
        for (place, unit) in units.enumerated() {
            let scaled = bytes >> (10 * place)
            // Far more than there are of a unit, and no more than ten times as much has room for.
            guard scaled < 1 << 30 else { continue }
            let tenths = (scaled * 10 + 512) >> 10
            guard tenths < 10240 || place == last else { continue }
            return place == 0 ? "\((scaled + 512) >> 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return nil
    }

    private static let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// A count with commas, and what is counted.
    static func count(_ number: Int, _ thing: String, _ things: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? thing : things ?? thing + "s")"
    }

    static func grouped(_ number: Int) -> String {
        var digits = String(number)
        var place = digits.utf8.count - 3
        while place > 0 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
            place -= 3
        }
        return digits
    }
}
