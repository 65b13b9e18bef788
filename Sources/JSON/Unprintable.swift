/// Characters that must not reach a terminal, or a reader of lines, as they are: they move the cursor and worse, end a line
/// where none ends, turn the direction of text round, or are not seen at all.
public enum Unprintable {
    /// Control characters (C0, DEL, C1), format characters (those of bidirectional text and of no width, tags), separators of
    /// lines and paragraphs (Unicode Standard §4.5, general category). The two joiners stay, since scripts and emoji need
    /// them.
    public static func contains(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7f { return scalar.value < 0x20 }
        if scalar.value < 0xa0 { return true }
        guard scalar.value != 0x200c, scalar.value != 0x200d else { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// JSON text in UTF-8, or what is laid out like it, with such characters as `\u` escapes. In JSON they can stand in
    /// strings alone; what lays it out, newlines and tabs, stays.
    public static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || isLayout(UInt32($0)) }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            // Every scalar of a string can be encoded; the optional is there for other encodings.
            guard contains(scalar), !isLayout(scalar.value) else {
                result.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
                continue
            }
            for unit in UTF16.encode(scalar).map({ Array($0) }) ?? [] {
                let digits = String(unit, radix: 16)
                result.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            }
        }
        return result
    }

    private static func isLayout(_ value: UInt32) -> Bool { value == 0x0a || value == 0x09 }
}
