import JSON
import Testing

@Suite struct JSONRoundTripTests {
    @Test(arguments: [
        #"null"#, #"true"#, #"-0"#, #"1e400"#, #""""#, #"[]"#, #"{}"#, #"[1,[2,{"a":null}],"x"]"#,
        #"{"z":1,"a":{"b":[]},"m":"\n\u0001\"\\é😀"}"#, #"123456789012345678901234567890.10"#,
    ])
    func compactTextComesBackAsItWas(text: String) throws {
        #expect(try JSONValue(parsing: text).text() == text)
    }

    @Test func indentsAsJavaScriptDoes() throws {
        let value: JSONValue = ["a": [], "b": [1, [true]], "c": ["d": .null, "e": [:]]]
        #expect(
            value.text(.indented(2)) == """
                {
                  "a": [],
                  "b": [
                    1,
                    [
                      true
                    ]
                  ],
                  "c": {
                    "d": null,
                    "e": {}
                  }
                }
                """)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func everyValueComesBack(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        let value = JSONValue.random(depth: 4, using: &generator)
        for style in [JSONStyle.compact, .indented(2)] {
            let text = value.text(style)
            let parsed = try JSONValue(parsing: text)
            #expect(parsed == value)
            #expect(parsed.text(style) == text)
            let root = try JSONDocument(Array(text.utf8)).root
            #expect(root.value == value)
            #expect(root.text(style) == text)
        }
    }

    /// Damaged texts are refused or read, but never crash; both readers say the same.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func damagedTextsAreHandled(seed: UInt64) {
        var generator = SeededGenerator(state: seed ^ 0xBAD)
        let bytes = Array(JSONValue.random(depth: 3, using: &generator).text(.indented(1)).utf8)
        for _ in 0..<50 {
            var damaged = bytes
            for _ in 0...Int.random(in: 0..<3, using: &generator) where !damaged.isEmpty {
                let place = Int.random(in: damaged.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: damaged[place] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: damaged.remove(at: place)
                default: damaged.removeSubrange(place...)
                }
            }
            let tree = try? JSONValue(parsing: damaged)
            let document = try? JSONDocument(damaged)
            #expect(document?.root.value == tree)
        }
    }
}
