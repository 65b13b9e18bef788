import Failure
import ImageModel
import JSON
import Simplestreams
import Testing

@Suite struct HostileListTests {
    // MARK: Paths

    @Test(
        arguments: [
            "a", "a/b.img", "images/x/20250814_05:24/a", "images/x/20250814_05%3A24/a", "a..b/...", "~a", "a@b/c",
        ])
    func pathsBelowTheServer(text: String) {
        #expect(ServerPath(text)?.description == text)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "./a", "a/./b", "//host/a", "http://host/a",
        "host:80/a", "a:b", "\\\\host\\a", "a\\..\\b", "a?b", "a#b", "a b", "a\nb", "a\u{0}b", "ä", "a/%2e%2e/b",
        "a/%2E./b",
        "a%2fb", "a%5Cb", "a%00b", "a%0ab", "a%20b", "a%", "a%2", "a%zz", "a%+1", "a%252e", "\u{202e}",
        String(repeating: "a", count: 1025), "javascript:alert(1)", "<a>", "a\"b", "a|b", "{a}",
    ])
    func pathsThatLeadElsewhere(text: String) {
        #expect(ServerPath(text) == nil)
    }

    // MARK: What is no list

    @Test(arguments: [
        "", "{}", "[]", "null", "<html>", #"{"format": "products:1.0"}"#,
        #"{"format": "products:2.0", "products": {}}"#,
        #"{"format": "products:1.0", "datatype": "image-ids", "products": {}}"#,
        #"{"format": "products:1.0", "datatype": 1, "products": {}}"#, #"{"format": "products:1.0", "products": []}"#,
        #"{"format": "index:1.0", "products": {}}"#, #"{"format": ["products:1.0"], "products": {}}"#,
        String(repeating: "[", count: 1000),
    ])
    func isAnError(text: String) {
        let error = #expect(throws: Failure.self) { try Lists.catalogue(text) }
        #expect(error?.code == .sourceError)
    }

    @Test func tooManyImagesAreAnError() throws {
        var catalogue = Catalogue(of: .amd64, mostImages: 4)
        try catalogue.add(Array(Lists.incus.utf8), name: "images.json")
        let error = #expect(throws: Failure.self) { try catalogue.add(Array(Lists.ubuntu.utf8), name: "ubuntu.json") }
        #expect(error?.code == .sourceError)
    }

    // MARK: What makes no sense in a list

    /// Each of these is left out with a word, and what stands beside it stays.
    @Test(arguments: [
        #"{"arch": 1, "versions": {}}"#, #"{"versions": {}}"#, "[]", "null", #""text""#, #"{"arch": "amd64"}"#,
        #"{"arch": "amd64", "versions": []}"#, #"{"arch": "amd64", "versions": null}"#,
        #"{"arch": "amd64", "versions": {"today": {"items": {}}}}"#,
        #"{"arch": "amd64", "versions": {"20251301": {"items": {}}}}"#,
        #"{"arch": "amd64", "versions": {"20250229": {"items": {}}}}"#,
        #"{"arch": "amd64", "versions": {"2025010": {"items": {}}}}"#,
        #"{"arch": "amd64", "versions": {"20250101/../..": {"items": {}}}}"#,
        #"{"arch": "amd64", "aliases": "../..,a", "versions": {}}"#,
        #"{"arch": "amd64", "aliases": "a\u001b[31m", "versions": {}}"#,
        #"{"arch": "amd64", "aliases": "\#(String(repeating: "a,", count: 1000))", "versions": {}}"#,
    ])
    func productsAreLeftOut(product: String) throws {
        let good = #""b": {"arch": "amd64", "versions": {"20200101": {"items": {\#(Lists.item("squashfs"))}}}}"#
        let catalogue = try Lists.catalogue(Lists.products(#""a": \#(product), \#(good)"#))
        #expect(catalogue.images.map(\.product) == ["b"])
        #expect(catalogue.remarks.count > 0)
    }

    @Test(arguments: [
        #""path": "../x", "size": 1, "sha256": "H""#, #""path": "http://evil/x", "size": 1, "sha256": "H""#,
        #""path": "//evil/x", "size": 1, "sha256": "H""#, #""path": 1, "size": 1, "sha256": "H""#,
        #""size": 1, "sha256": "H""#, #""path": "x", "sha256": "H""#, #""path": "x", "size": 1"#,
        #""path": "x", "size": 0, "sha256": "H""#, #""path": "x", "size": -1, "sha256": "H""#,
        #""path": "x", "size": 1.5, "sha256": "H""#, #""path": "x", "size": 1e400, "sha256": "H""#,
        #""path": "x", "size": 9223372036854775808, "sha256": "H""#, #""path": "x", "size": "1", "sha256": "H""#,
        #""path": "x", "size": 4503599627370496, "sha256": "H""#, #""path": "x", "size": 1, "sha256": "00""#,
        #""path": "x", "size": 1, "sha256": ["H"]"#,
    ])
    func itemsAreLeftOut(item: String) throws {
        let bad = #""squashfs": {"ftype": "squashfs", \#(item.replacing("H", with: Lists.hash("0")))}"#
        let catalogue = try Lists.catalogue(Lists.items("\(bad), \(Lists.item("disk1.img"))"))
        #expect(catalogue.images.map(\.kind) == [.disk])
        #expect(catalogue.remarks.count == 1)
    }

    @Test func remarksHaveAnEnd() throws {
        let bad = (0..<1000).map { #""\#($0)": 1"# }.joined(separator: ",")
        let remarks = try Lists.catalogue(Lists.products(bad)).remarks
        #expect(remarks.count == 1000)
        #expect(remarks.texts.count == 20)
    }

    // MARK: The index

    private func index(_ entries: String) throws -> StreamsIndex {
        try StreamsIndex(Array(#"{"format": "index:1.0", "index": {\#(entries)}}"#.utf8))
    }

    @Test func theIndexNamesListsOfDownloads() throws {
        let index = try index(
            #"""
            "images": {"datatype": "image-downloads", "path": "streams/v1/images.json", "format": "products:1.0",
                       "products": ["a"]},
            "again": {"datatype": "image-downloads", "path": "streams/v1/images.json", "products": ["a"]},
            "amis": {"datatype": "image-ids", "path": "streams/v1/aws.json", "format": "products:1.0", "products": ["a"]},
            "empty": {"datatype": "image-downloads", "path": "streams/v1/empty.json", "products": []},
            "none": {"datatype": "image-downloads", "path": "streams/v1/none.json"},
            "later": {"datatype": "image-downloads", "path": "streams/v1/later.json", "format": "products:2.0",
                      "products": ["a"]},
            "bad": {"datatype": "image-downloads", "path": "https://evil/images.json", "products": ["a"]},
            "odd": 7
            """#)
        #expect(index.files.map(\.description) == ["streams/v1/images.json"])
        #expect(index.remarks.count == 2)
    }

    @Test(arguments: [
        "", "{}", #"{"format": "index:1.0"}"#, #"{"format": "index:1.0", "index": []}"#,
        #"{"format": "products:1.0", "index": {}}"#,
    ])
    func whatIsNoIndexIsAnError(text: String) {
        #expect(throws: Failure.self) { try StreamsIndex(Array(text.utf8)) }
    }

    @Test func tooManyListsAreAnError() {
        let entries = (0..<65).map {
            #""\#($0)": {"datatype": "image-downloads", "path": "\#($0)", "products": ["a"]}"#
        }
        #expect(throws: Failure.self) { try index(entries.joined(separator: ",")) }
    }
}
