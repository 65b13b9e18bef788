import JSON
import Testing

@Suite struct UnprintableTests {
    @Test(arguments: [
        "plain", "Grüße 世界 🌍", "\u{1b}[2J", "\u{7f}\u{9b}31m", "a\u{202e}b\u{2066}", "\u{2028}\u{2029}",
        "\u{200b}\u{feff}",
        "tag\u{e0041}", "\0\n\r\t", "👩\u{200d}🚀",
    ])
    func whatIsEscapedReadsBackTheSame(text: String) throws {
        let value = JSONValue.object(JSONObject([(key: text, value: .array([.string(text)]))]))
        for style in [JSONStyle.compact, .indented(2)] {
            let escaped = Unprintable.escaped(Array(value.text(style).utf8))
            #expect(try JSONValue(parsing: escaped) == value)
            let shown = String(decoding: escaped, as: UTF8.self).unicodeScalars
            #expect(shown.allSatisfy { $0 == "\n" || !Unprintable.contains($0) })
        }
    }

    @Test func whatIsPrintableStaysAsItIs() {
        for text in ["", "{\n\t\"a\": 1\n}", "é世🌍\n"] {
            #expect(Unprintable.escaped(Array(text.utf8)) == Array(text.utf8))
        }
        #expect(Unprintable.escaped(Array("\u{9b}\u{e0041}".utf8)) == Array(#"\u009b\udb40\udc41"#.utf8))
    }
}
