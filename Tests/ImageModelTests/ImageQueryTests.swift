import Failure
import ImageModel
import JSON
import Testing

@Suite struct ImageQueryTests {
    private static let images = #"""
        [{"n":"a","size_":10,"d":"2020","public":true,"files":[{"size":10}]},
         {"n":"b","size_":9,"d":"2019","public":false,"files":[{"size":9}]},
         {"n":"c","d":"2020","public":true},
         {"n":"d","size_":100,"d":null,"public":"true","files":[{"size":100}]},
         {"n":"e","size_":"10","d":"2018","tags":{"a.b":"x"}},
         {"n":"f","size_":9.5,"d":"2019","tags":{"a.b":["xy","z"]}}]
        """#

    /// The names of the rows, taken from trees and from slices.
    private static func names(sort: String = "", filters: [String] = []) throws -> String {
        let query = try ImageQuery(columns: "n", sort: sort, filters: filters)
        let trees = try #require(try JSONValue(parsing: images).arrayValue)
        let slices = try #require(try JSONDocument(Array(images.utf8)).root.arrayValue)
        let rows = query.rows(of: slices, manifest: { $0 })
        #expect(query.rows(of: trees, manifest: { $0 }).map(\.cells) == rows.map(\.cells))
        #expect(rows.allSatisfy { $0.image["n"]?.value == $0.cells[0] })
        return rows.map { $0.cells[0]?.stringValue ?? "-" }.joined()
    }

    @Test(arguments: [
        ("", "abcdef"), ("n", "abcdef"), ("-n", "fedcba"),
        ("size_", "cbfade"),  // missing, numbers as numbers, then text
        ("-size_", "edafbc"), ("size", "cefbad"),
        ("d", "debfac"),  // null is missing; equal ones keep their order
        ("-d", "acbfed"), ("d,-n", "defbca"), ("unknown", "abcdef"), ("-unknown", "abcdef"), ("unknown,-n", "fedcba"),
        ("public,n", "efbacd"),
    ])
    func sorts(sort: String, names: String) throws {
        #expect(try Self.names(sort: sort) == names)
    }

    @Test(arguments: [
        (["public=true"], "acd"), (["public=false"], "b"), (["n=a"], "a"), (["n=a", "n=b"], ""),
        (["d=2020", "public=true"], "ac"),
        (["unknown=x"], ""), (["tags.a.b=~x"], "ef"), (["tags.a.b=x"], "e"), (["size=~0"], "ad"), (["d=~20"], "abcef"),
        ([], "abcdef"),
    ])
    func filters(filters: [String], names: String) throws {
        #expect(try Self.names(filters: filters) == names)
    }

    /// What docker calls an image is a name of it.
    @Test(arguments: [
        ("name=a:1", "a"), ("name=~:", "ab"), ("name=layer", "abc"), ("name=~lay", "abc"), ("name=:", ""),
        ("name=a", ""),
    ])
    func namesAreAlsoReferences(filter: String, names: String) throws {
        let query = try ImageQuery(columns: "n", sort: "-n,n", filters: [filter])
        let images: [JSONValue] = ["a", "b", "c"].map { ["n": .string($0), "name": "layer"] }
        let rows = query.rows(
            of: images, manifest: { $0 },
            extras: { image in
                var extras = ImageExtras()
                if let name = image["n"]?.stringValue, name != "c" { extras.references = ["\(name):1", "\(name):2"] }
                return extras
            })
        #expect(rows.map { $0.cells[0]?.stringValue ?? "-" }.sorted().joined() == names)
        #expect(rows.allSatisfy { $0.cells.count == 1 })
    }

    @Test func cellsAreInTheOrderOfTheColumns() throws {
        let query = try ImageQuery(columns: "d,unknown,size,n,source", sort: "-n", filters: ["d=2020"])
        #expect(query.columns.map(\.text) == ["d", "unknown", "size", "n", "source"])
        let images = try #require(try JSONValue(parsing: Self.images).arrayValue)
        let rows = query.rows(
            of: images, manifest: { $0 }, extras: { ImageExtras(source: "from \($0["n"]?.stringValue ?? "")") })
        #expect(rows.map(\.cells) == [["2020", nil, nil, "c", "from c"], ["2020", nil, 10, "a", "from a"]])
    }

    @Test func hugeNumbersAreOrderedExactly() throws {
        let numbers = ["9007199254740993", "9007199254740992", "9007199254740992.5", "-1e400", "1e400", "0"]
        let images = try numbers.map { try JSONValue(parsing: "{\"x\":\($0)}") }
        let rows = try ImageQuery(columns: "x", sort: "x").rows(of: images, manifest: { $0 })
        #expect(
            rows.map { $0.cells[0]?.text() }
                == ["-1e400", "0", "9007199254740992", "9007199254740993", "9007199254740992.5", "1e400"].map { $0 })
    }

    @Test func aBadFilterIsAUsageError() {
        let failure = #expect(throws: Failure.self) { try ImageQuery(columns: "n", filters: ["n=a", "oops"]) }
        #expect(failure?.code == .usage)
    }
}
