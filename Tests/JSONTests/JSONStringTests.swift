import JSON
import Testing

@Suite struct JSONStringTests {
    @Test(arguments: [
        (#""""#, ""),
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{08}\u{0C}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\u0000""#, "\u{00}"),
        (#""\uD83D\uDE00!""#, "😀!"),
        (#""\udbff\udfff""#, "\u{10FFFF}"),
        (#""é\u0065\u0301""#, "ée\u{301}"),
        // an unpaired surrogate stands for nothing that can be encoded
        (#""\uD800""#, "\u{FFFD}"),
        (#""\uDC00""#, "\u{FFFD}"),
        (#""\uD800x""#, "\u{FFFD}x"),
        (#""\uD800\n""#, "\u{FFFD}\n"),
        (#""\uD800\u0041""#, "\u{FFFD}A"),
        (#""\uD83D\uD83D\uDE00""#, "\u{FFFD}😀"),
        (#""\uDE00\uD83D""#, "\u{FFFD}\u{FFFD}"),
        (#""abcdefgh\\ijklmnop\"""#, "abcdefgh\\ijklmnop\""),
    ])
    func escapesAreResolved(text: String, string: String) throws {
        // compared by scalars: String equality would take equivalent characters for the same
        let tree = try #require(try JSONValue(parsing: text).stringValue)
        #expect(tree.unicodeScalars.elementsEqual(string.unicodeScalars))
        let slice = try #require(try JSONDocument(Array(text.utf8)).root.stringValue)
        #expect(slice.unicodeScalars.elementsEqual(string.unicodeScalars))
    }

    @Test(arguments: [
        ("a\"b\\c", #""a\"b\\c""#),
        ("\u{08}\u{0C}\n\r\t", #""\b\f\n\r\t""#),
        ("\u{00}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
        ("/é😀\u{2028}", "\"/é😀\u{2028}\""),
        ("0123456789\n0123456789", #""0123456789\n0123456789""#),
    ])
    func onlyWhatMustBeIsEscaped(string: String, text: String) throws {
        #expect(JSONValue.string(string).text() == text)
        #expect(try JSONDocument(Array(text.utf8)).root.text() == text)
    }

    @Test func aSliceIsWrittenWithTheSameEscapesAsATree() throws {
        let text = #"[ "\u0041\/\u000A" , {"\u0062" : "\uD800"} ]"#
        #expect(try JSONDocument(Array(text.utf8)).root.text() == "[\"A/\\n\",{\"b\":\"\u{FFFD}\"}]")
        #expect(try JSONValue(parsing: text).text() == "[\"A/\\n\",{\"b\":\"\u{FFFD}\"}]")
    }
}
