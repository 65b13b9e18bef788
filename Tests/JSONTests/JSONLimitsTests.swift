import JSON
import Testing

@Suite struct JSONLimitsTests {
    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test func nestingUpToTheLimitIsRead() throws {
        let value = try JSONValue(parsing: Self.nested(512))
        #expect(value.text() == Self.nested(512))
        #expect(try JSONDocument(Array(Self.nested(512).utf8)).root.value == value)
    }

    /// What may be asked for at most must fit the stack of any thread, in a debug build as well.
    @Test func theDeepestNestingFitsTheStack() throws {
        let depth = JSONLimits.deepest
        for text in [
            Self.nested(depth), String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth),
        ] {
            let value = try JSONValue(parsing: text, limits: JSONLimits(depth: depth))
            let document = try JSONDocument(Array(text.utf8), limits: JSONLimits(depth: depth))
            #expect(document.root.value == value && document.root.value.hashValue == value.hashValue)
            #expect(document.root.text() == text && value.text() == text)
        }
    }

    @Test func deeperNestingIsRefusedWhereItBegins() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Self.nested(513)) }
        #expect(error?.reason == .tooDeep(limit: 512))
        #expect(error?.offset == 512)
        #expect(error?.description == "more than 512 nested arrays and objects at line 1, column 513")
    }

    @Test func aMillionBracketsDoNotExhaustTheStack() {
        for opening in ["[", "{\"a\":", "[{\"a\":"] {
            let text = String(repeating: opening, count: 1_000_000)
            #expect(throws: JSONError.self) { try JSONValue(parsing: text, limits: JSONLimits(depth: .max)) }
        }
    }

    @Test func siblingsDoNotCountAsNesting() throws {
        let text = "[" + String(repeating: "[],{},", count: 10_000) + "0]"
        #expect(try JSONValue(parsing: text, limits: JSONLimits(depth: 2)).arrayValue?.count == 20_001)
    }

    @Test(arguments: [(0, "1", true), (0, "[]", false), (1, "[1]", true), (1, "[[]]", false), (-5, "{}", false)])
    func depthCountsArraysAndObjects(depth: Int, text: String, isRead: Bool) {
        #expect(((try? JSONValue(parsing: text, limits: JSONLimits(depth: depth))) != nil) == isRead)
    }

    @Test func aTextThatIsTooLongIsNotRead() {
        let limits = JSONLimits(bytes: 10)
        #expect((try? JSONValue(parsing: "[1234567 ]", limits: limits)) != nil)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[12345678 ]", limits: limits) }
        #expect(error?.reason == .tooLong(limit: 10))
    }
}
