/// How many places a terminal shows text in.
enum DisplayWidth {
    static func of(_ text: String) -> Int {
        let bytes = text.utf8
        return bytes.allSatisfy { $0 < 0x80 } ? bytes.count : text.reduce(0) { $0 + of($1) }
    }

    /// The beginning of a text, as much as fits.
    static func prefix(_ text: String, _ columns: Int) -> Substring {
        var room = columns
        return text.prefix { character in
            room -= of(character)
            return room >= 0
        }
    }

    private static func of(_ character: Character) -> Int { character.isWide ? 2 : 1 }
}

extension Character {
    /// East Asian wide characters and emoji take two places (Unicode Standard Annex #11).
    fileprivate var isWide: Bool {
        guard let scalar = unicodeScalars.first?.value else { return false }
        switch scalar {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            return true
        default: return false
        }
    }
}
