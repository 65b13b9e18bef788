import ImageModel
import Testing
import Time

@testable import ImageSource

@Suite struct KeptFileTests {
    private static let url = "https://example.com/streams/v1/index.json"
    private let file = KeptFile(
        FetchedURL(Self.url, tag: "\"a\nb\u{1b}\"", modified: "Thu, 14 Aug 2025 22:04:00 GMT"),
        date: Timestamp(seconds: 1_755_209_040), bytes: Array("{}\n\n\u{0}rest".utf8))

    @Test func isWhatWasStored() throws {
        let read = try #require(KeptFile(stored: file.stored, of: Self.url))
        #expect(read.fetched == file.fetched && read.date == file.date && read.bytes == file.bytes)
        let empty = KeptFile(FetchedURL(Self.url, tag: nil, modified: nil), date: .now(), bytes: [])
        #expect(KeptFile(stored: empty.stored, of: Self.url)?.bytes == [])
    }

    @Test func whatIsDamagedOrOfAnotherURLIsNone() {
        let stored = file.stored
        #expect(KeptFile(stored: stored, of: "https://example.com/streams/v1/images.json") == nil)
        for length in stored.indices { #expect(KeptFile(stored: Array(stored[..<length]), of: Self.url) == nil) }
        for place in stored.indices.suffix(file.bytes.count) {
            var changed = stored
            changed[place] ^= 1
            #expect(KeptFile(stored: changed, of: Self.url) == nil)
        }
        #expect(KeptFile(stored: Array(repeating: UInt8(ascii: "x"), count: 1 << 20), of: Self.url) == nil)
    }
}
