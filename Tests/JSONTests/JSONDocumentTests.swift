import JSON
import Testing

@Suite struct JSONDocumentTests {
    private static let text = #"""
         { "uuid" : "a" , "n":[1, {"x":[ ]}, -2.5e1 ], "o" : { "p" : {"q\n":true} , "e": { } },
           "na\u006de" : "esc\u0061ped", "f":false, "z" : null, "uuid":"b" }
        """#

    private static func root() throws -> JSONSlice { try JSONDocument(Array(text.utf8)).root }

    @Test func aSliceIsTheValueOfTheTree() throws {
        let tree = try JSONValue(parsing: Self.text)
        let root = try Self.root()
        #expect(root.value == tree)
        #expect(root.value.text() == tree.text())
        #expect(root.kind == .object)
    }

    @Test func severalMembersComeInOnePass() throws {
        let found = try Self.root().members(["o", "missing", "name", "f", "z", "n", "o"])
        #expect(
            found.map { $0?.value.text() } == [
                #"{"p":{"q\n":true},"e":{}}"#, nil, #""escaped""#, "false", "null", #"[1,{"x":[]},-2.5e1]"#,
                #"{"p":{"q\n":true},"e":{}}"#,
            ])
    }

    @Test func goesThroughAllMembers() throws {
        var found: [String] = []
        let root = try Self.root()
        root.forEachMember { found.append("\($0)=\($1.value.text())") }
        #expect(
            found == [
                #"uuid="a""#, #"n=[1,{"x":[]},-2.5e1]"#, #"o={"p":{"q\n":true},"e":{}}"#, #"name="escaped""#, "f=false",
                "z=null", #"uuid="b""#,
            ])
        root["n"]?.forEachMember { _, _ in Issue.record("an array has no members") }
    }

    @Test func ofTwoEqualKeysTheLastCounts() throws {
        #expect(try Self.root()["uuid"]?.stringValue == "b")
    }

    @Test func slicesOfSlices() throws {
        let root = try Self.root()
        #expect(root["o"]?["p"]?["q\n"]?.boolValue == true)
        #expect(root["n"]?[1]?["x"]?.arrayValue?.count == 0)
        #expect(root["n"]?[2]?.doubleValue == -25)
        #expect(root["n"]?[2]?.intValue == -25)
        #expect(root["n"]?[2]?.numberValue?.text == "-2.5e1")
        #expect(root["n"]?[3] == nil && root["n"]?[-1] == nil)
        #expect(root["o"]?["e"]?["x"] == nil && root["f"]?["x"] == nil && root["f"]?[0] == nil)
    }

    @Test func accessorsAnswerOnlyForTheirKind() throws {
        let slices = try #require(JSONDocument(Array(#"[null,true,1,"true",[],{}]"#.utf8)).root.arrayValue)
        #expect(slices.map(\.kind) == [.null, .bool, .number, .string, .array, .object])
        #expect(slices.map(\.isNull) == [true, false, false, false, false, false])
        #expect(slices.map(\.boolValue) == [nil, true, nil, nil, nil, nil])
        #expect(slices.map(\.intValue) == [nil, nil, 1, nil, nil, nil])
        #expect(slices.map(\.stringValue) == [nil, nil, nil, "true", nil, nil])
        #expect(slices.map { $0.arrayValue?.count } == [nil, nil, nil, nil, 0, nil])
    }

    @Test(arguments: ["7", " \"x\" ", "\n[]\n", "null"])
    func theRootMayBeAnyValue(text: String) throws {
        #expect(try JSONDocument(Array(text.utf8)).root.value == JSONValue(parsing: text))
    }

    @Test func writesItselfAsATreeDoes() throws {
        let text = #" [ 1.50 , { } , [ ] , { "a" : [ null , {"b":"c\/"} ] } , "" ] "#
        let root = try JSONDocument(Array(text.utf8)).root
        for style in [JSONStyle.compact, .indented(2), .indented(4), .indented(0)] {
            #expect(try root.text(style) == JSONValue(parsing: text).text(style))
        }
    }

    @Test func aSliceMayStandWithinAnIndentedText() throws {
        var bytes = Array("[\n  ".utf8)
        try JSONDocument(Array(#"{"a":[1]}"#.utf8)).root.write(to: &bytes, style: .indented(2), depth: 1)
        bytes += Array("\n]".utf8)
        let whole: JSONValue = [["a": [1]]]
        #expect(String(decoding: bytes, as: UTF8.self) == whole.text(.indented(2)))
    }
}
