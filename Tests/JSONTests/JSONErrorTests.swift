import JSON
import Testing

@Suite struct JSONErrorTests {
    @Test(arguments: [
        ("", 0, "unexpected end of text at line 1, column 1"),
        ("{\n  \"a\": 1,\n", 12, "unexpected end of text at line 3, column 1"),
        ("[1,\n 2,\n   ", 11, "unexpected end of text at line 3, column 4"),
        ("[1,]", 3, "unexpected character \"]\" at line 1, column 4"),
        ("{\"a\":1,}", 7, "unexpected character \"}\" at line 1, column 8"),
        ("{\n\"é😀\" x}", 11, "unexpected character \"x\" at line 2, column 6"),
        ("tru", 3, "unexpected end of text at line 1, column 4"),
        ("trux", 3, "unexpected character \"x\" at line 1, column 4"),
        ("012", 0, "invalid number at line 1, column 1"),
        ("[-a]", 2, "invalid number at line 1, column 3"),
        ("1.", 2, "unexpected end of text at line 1, column 3"),
        ("\"a\\qb\"", 2, "invalid escape in a string at line 1, column 3"),
        ("\"a\\u12", 6, "unexpected end of text at line 1, column 7"),
        ("\"a\tb\"", 2, "byte 0x09 in a string must be escaped, at line 1, column 3"),
        ("1 1", 2, "unexpected text after the value at line 1, column 3"),
        ("\u{FEFF}\u{FEFF}1", 0, "unexpected byte order mark at line 1, column 1"),
        ("\u{A0}", 0, "unexpected byte 0xC2 at line 1, column 1"),
    ])
    func saysWhatAndWhere(text: String, offset: Int, description: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.offset == offset)
        #expect(error?.description == description)
    }

    @Test(arguments: [
        ("", "nothing in it"), (" \n", "nothing in it"), ("{\"a\": [1", "not closed"), ("[1, ]", "one too many"),
        ("{\"a\": 1,\n}", "one too many"), ("{'a': 1}", "\"quotation marks\""),
        ("{\u{201c}a\": 1}", "\"quotation marks\""),
        ("{a: 1}", "\"quotation marks\""), ("[True]", "\"quotation marks\""), ("{ // x\n}", "no comments"),
        ("# x\n{}", "no comments"), ("[\"a\" \"b\"]", "missing before it"),
        ("{\"a\": {} \"b\": 1}", "missing before it"),
        ("{\"a\" 1}", "missing before it"), ("{\"a\": \"b\n}", "missing on this line"), ("{}}", "one too many"),
        ("[\"C:\\x\"]", "backslash"),
    ])
    func saysWhatPeopleDo(text: String, slip: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.slip?.contains(slip) == true, "\(error?.slip ?? "-")")
    }

    @Test(arguments: ["[1,,2]", "[:]", "[01]", "\"a\tb\""]) func whatIsNoSlipIsNotExplained(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error != nil && error?.slip == nil)
    }

    @Test func invalidUTF8IsPlacedAtItsFirstByte() {
        let error = #expect(throws: JSONError.self) {
            try JSONDocument(Array("[\n\"abcdefghij".utf8) + [0xE2, 0x82, 0x22, 0x5D])
        }
        #expect(error?.description == "invalid UTF-8 at line 2, column 12")
    }
}
