import Terminal
import Testing

@Suite struct PrintableTests {
    @Test(arguments: [
        ("", ""), ("plain text", "plain text"), ("Grüße, 世界 🌍", "Grüße, 世界 🌍"),
        ("two\nlines", #"two\nlines"#), ("\ttab\r", #"\ttab\r"#), ("nul\0", #"nul\0"#),
        ("\u{1b}[2J\u{1b}]0;title\u{7}", #"\u{1B}[2J\u{1B}]0;title\u{07}"#), ("\u{7f}\u{9b}31m", #"\u{7F}\u{009B}31m"#),
        ("abc\u{202e}fdp.exe", #"abc\u{202E}fdp.exe"#), ("\u{2066}\u{2069}\u{200f}", #"\u{2066}\u{2069}\u{200F}"#),
        ("line\u{2028}next\u{2029}", #"line\u{2028}next\u{2029}"#),
        (#"a \n that was written"#, #"a \n that was written"#),
        ("zero\u{200b}width\u{feff}", #"zero\u{200B}width\u{FEFF}"#), ("tag\u{e0041}", #"tag\u{000E0041}"#),
        ("\u{61c}", #"\u{061C}"#), ("👩\u{200d}🚀", "👩\u{200d}🚀"),
        ("\r\n", #"\r\n"#), ("e\u{301}\u{8}", #"é\u{08}"#),
    ])
    func controlCharactersAreEscaped(text: String, shown: String) {
        #expect(Printable.text(text) == shown)
    }

    @Test func nothingThatMovesTheCursorIsLeft() {
        let controls = (0...0x9f).compactMap(Unicode.Scalar.init).filter { $0.value < 0x20 || $0.value > 0x7e }
        let shown = Printable.text(String(String.UnicodeScalarView(controls)))
        #expect(shown.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    }
}
