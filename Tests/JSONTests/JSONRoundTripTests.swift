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
        let value: JSONValue = ["a": [], "b": [1, [true]], "c": ["d": nil, "e": [:]]]
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
}
