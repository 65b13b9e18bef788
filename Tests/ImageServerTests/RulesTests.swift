import Testing

@testable import ImageCatalog
@testable import ImageServer

/// The smallest rules, each by itself.
@Suite struct RulesTests {
    @Test(arguments: [
        ("~1", 1), ("~2", 2), ("~1.0", 1), ("~2.0.0", 2), ("1", 1), ("1.x", 1), ("2.x.x", 2), ("*", 2), ("x", 2),
        ("", 2), (">=1", 2), (">=1.0.0 <2.0.0", 1),
        ("<2", 1), ("<=2", 2), ("<=1.9", 1), (">1", 2), (">1.0.0", 2), ("^1", 1), ("^1.0.0", 1), ("^2.0.0-beta", 2),
        ("1 - 2", 2), ("1.0.0 - 1.5.0", 1),
        ("~3 || ~1", 1), ("~1||~2", 2), ("3 || 4", 0), ("~3", 0), ("^3", 0), (">2", 0), (">*", 0), ("~2.1", 0),
        ("2.0.1", 0), ("1.1", 0), ("0.x", 0),
        ("v2.0.0", 2), ("=1.0.0", 1), (">= 1.0.0", 2), ("junk", 0), ("1.2.3.4", 0), ("-1", 0), ("~", 0), ("1..2", 0),
        ("><1", 0),
        ("99999999999999999999", 0), ("~1 junk", 0), ("1 -", 0), ("~2 ~1", 0), ("2.0.0+build", 2),
    ])
    func versions(range: String, version: Int) {
        let expected: APIVersion? = version == 0 ? nil : version == 1 ? .one : .two
        #expect(APIVersion(accepting: range) == expected)
    }

    @Test func noRangeMeansTheFirstVersion() { #expect(APIVersion(accepting: nil) == .one) }

    @Test(arguments: [
        ("2021", "2021-01-01T00:00:00.000Z"), ("2021-02", "2021-02-01T00:00:00.000Z"),
        ("2020-02-29", "2020-02-29T00:00:00.000Z"),
        ("2021-02-03T04:05Z", "2021-02-03T04:05:00.000Z"), ("2021-02-03T04:05:06Z", "2021-02-03T04:05:06.000Z"),
        ("2021-02-03T04:05:06.7Z", "2021-02-03T04:05:06.700Z"),
        ("2021-02-03T04:05:06.789123Z", "2021-02-03T04:05:06.789Z"),
        ("2021-01-01T00:30:00+01:00", "2020-12-31T23:30:00.000Z"),
        ("2021-02-03T04:05:06-08:00", "2021-02-03T12:05:06.000Z"),
        ("2021-02-03 04:05:06", "2021-02-03T04:05:06.000Z"), ("0001-01-01", "0001-01-01T00:00:00.000Z"),
    ])
    func markerDates(text: String, date: String) { #expect(PublicationDate(marker: text)?.text == date) }

    @Test(arguments: [
        "", "x", "20", "20211", "2021-", "2021-13", "2021-00", "2021-1-1", "2021-01-32", "2021-01-01T",
        "2021-01-01T25:00Z", "2021-01-01T00:60Z", "2021-01-01T00:00:00.Z", "2021-01-01T00:00Zx", "2021-01-01T00:00+1",
        "２０２１",
    ])
    func markersThatAreNoDates(text: String) { #expect(PublicationDate(marker: text) == nil) }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
    ])
    func httpDates(seconds: Int, text: String) {
        #expect(HTTPDate(seconds: seconds).description == text)
        #expect(HTTPDate(text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
    ])
    func textsThatAreNoHTTPDates(text: String) { #expect(HTTPDate(text) == nil) }
}
