import JSON
import Testing

@Suite struct JSONNumberTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("42", 42), ("-42", -42), ("1e3", 1000), ("1.0", 1), ("120e-1", 12),
            ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
            ("9007199254740993", 9_007_199_254_740_993),
            ("9223372036854775808", nil), ("1.5", nil), ("1e-1", nil), ("1e400", nil),
            ("9007199254740993.0e0", 9_007_199_254_740_993), ("0.99999999999999999999", nil), ("1e-400", nil),
            ("-0.0e99999999999999999999", nil), ("-0.0e9", 0), ("-1.50e2", -150), ("100e-2", 1),
            ("9.223372036854775807e18", Int.max), ("1e99999999999999999999", nil), ("1e-9223372036854775808", nil),
            ("123456789012345678901234567890", nil), ("1e18", 1_000_000_000_000_000_000), ("1e19", nil),
        ] as [(String, Int?)])
    func wholeNumbers(text: String, int: Int?) throws {
        #expect(try JSONValue(parsing: text).intValue == int)
        #expect(try JSONDocument(Array(text.utf8)).root.intValue == int)
    }

    @Test(arguments: [
        ("0.1", 0.1), ("-1e-2", -0.01), ("1e400", .infinity), ("-1e400", -.infinity), ("1e-400", 0), ("12", 12),
    ])
    func doubles(text: String, double: Double) throws {
        #expect(try JSONValue(parsing: text).doubleValue == double)
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-2.5, "-2.5"), (0.1, "0.1"), (1e15, "1000000000000000"), (1e21, "1e+21"),
            (1e-7, "1e-07"),
            (.infinity, nil), (-.infinity, nil), (.nan, nil),
        ] as [(Double, String?)])
    func doublesAreWrittenShortly(double: Double, text: String?) {
        #expect(JSONNumber(double)?.text == text)
    }

    @Test(arguments: [
        ("1", true), ("-1.5e+3", true), ("", false), (" 1", false), ("1 ", false), ("01", false), ("+1", false),
        ("1.", false), ("a", false),
        ("1,", false), ("-", false),
    ])
    func aLiteralMustBeANumberFromEndToEnd(text: String, isNumber: Bool) {
        #expect((JSONNumber(text) != nil) == isNumber)
    }

    @Test func hugeLiteralsAreKept() throws {
        let text =
            "-" + String(repeating: "9", count: 10_000) + "." + String(repeating: "1", count: 10_000) + "E-"
            + String(repeating: "7", count: 1000)
        #expect(try JSONValue(parsing: text).text() == text)
        #expect(try JSONValue(parsing: text).intValue == nil)
    }
}
