import JSON
import Testing

/// What RFC 8259 lets pass and what it does not; the tree and the lazy reader must agree.
@Suite struct JSONGrammarTests {
    private static func isAccepted(_ bytes: [UInt8]) -> Bool {
        let tree = (try? JSONValue(parsing: bytes)) != nil
        let document = (try? JSONDocument(bytes)) != nil
        #expect(tree == document)
        return tree
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "0.5", "-0.0", "1e1", "1E1", "1e+1", "1e-1", "1.25e00",
        "0e0",
        "\"\"", "\"a\"", "[]", "{}", " \t\r\n[ ] ", "{ }", "[1 , 2]", "{\"a\" : 1 , \"b\" : 2}", "{\"\":0}", "[[[]]]",
        "[{}]",
        "{\"a\":{}}", "\"\u{7F}\"", "\"\u{2028}\u{2029}\"", "\"/\"", #""\/""#, #""\u0000""#, #""\uD83D\uDE00""#,
        #""\uD800""#,
        #""\uDC00\uD800""#, #""\\""#, #""\"""#, "\"\u{10FFFF}\"", "\"\u{FEFF}\"", "\u{FEFF}1", "\u{FEFF} {}",
        "{\"a\":1,\"a\":2}",
    ])
    func accepts(text: String) {
        #expect(Self.isAccepted(Array(text.utf8)))
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "NaN", "Infinity", "undefined", "'a'", "a", "+1", "-", "--1", "01", "-01",
        "00", "1.", ".5",
        "-.5", "1e", "1e+", "1.e1", "0x10", "1_000", "1 2", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
        "[1,,2]", "{\"a\"",
        "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,\"a\":1}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\",1}",
        "{\"a\":1 \"b\":2}",
        "[1}", "{\"a\":1]", "[]]", "{}{}", "[]x", "\"", "\"a", "\"\\\"", "\"\\", "\"\\a\"", "\"\\'\"", "\"\\x41\"",
        "\"\\u\"", "\"\\u12\"",
        "\"\\u123\"", "\"\\u123g\"", "\"\\U0041\"", "\"a\nb\"", "\"a\tb\"", "\"\u{00}\"", "// c\n1", "/* c */1",
        "1 // c", "[1]\u{00}",
        "\u{FEFF}\u{FEFF}1", "\u{FEFF}", " \u{FEFF}1", "\u{A0}1", "\u{0C}1", "\u{0B}1", "\"a\"b", "truefalse",
        "[true,fals]", "-a", "1a", "2e3e4",
        "1.2.3",
    ])
    func refuses(text: String) {
        #expect(!Self.isAccepted(Array(text.utf8)))
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
            [0xE2, 0x28, 0xA1],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func refusesWhatIsNoUTF8(bytes: [UInt8]) {
        // at every place within and across a machine word, and at the end of the text
        for padding in 0...9 {
            let start = [UInt8](repeating: UInt8(ascii: "x"), count: padding)
            #expect(!Self.isAccepted([UInt8(ascii: "\"")] + start + bytes + [UInt8(ascii: "\"")]))
            #expect(!Self.isAccepted([UInt8(ascii: "\"")] + start + bytes))
        }
        #expect(!Self.isAccepted(bytes))
    }

    @Test func controlCharactersAreRefusedAtEveryPlaceOfAWord() {
        for control in UInt8(0)..<0x20 {
            for padding in 0...9 {
                let start = [UInt8](repeating: UInt8(ascii: "x"), count: padding)
                #expect(!Self.isAccepted([UInt8(ascii: "\"")] + start + [control] + Array("yyyyyyyyy\"".utf8)))
            }
        }
    }

    @Test func everyOtherCharacterIsAcceptedAsItIs() throws {
        for scalar in [
            0x20...0x21, 0x23...0x5B, 0x5D...0x2FF, 0xD7F0...0xD7FF, 0xE000...0xE010, 0xFFF0...0x1000F,
            0x10FFF0...0x10FFFF,
        ].joined() {
            let text = String(Character(try #require(Unicode.Scalar(UInt32(scalar)))))
            #expect(try JSONValue(parsing: "\"\(text)\"") == .string(text))
        }
    }
}
