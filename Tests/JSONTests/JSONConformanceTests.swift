import Foundation
import JSON
import Testing

/// The public JSON test suite: `y_` files must be read, `n_` files refused, `i_` files may be either.
///
/// It is no part of the repository: `scripts/json-corpus.sh` fetches it. Without it these tests are
/// skipped; `IMGADM_JSON_CORPUS` names another folder.
@Suite struct JSONConformanceTests {
    private static let folder = ProcessInfo.processInfo.environment["IMGADM_JSON_CORPUS"] ?? ".build/corpus/json"

    private static let files: [String] = {
        let walk = FileManager.default.enumerator(atPath: folder)
        return (walk?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".json") }.sorted()
    }()

    private static func read(_ file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent(file)))
    }

    @Test(.enabled(if: !files.isEmpty, "run scripts/json-corpus.sh first"), arguments: files)
    func readsOrRefuses(file: String) throws {
        let bytes = try Self.read(file)
        let tree = try? JSONValue(parsing: bytes)
        let document = try? JSONDocument(bytes)
        #expect((tree == nil) == (document == nil))
        if let tree, let document {
            #expect(document.root.value == tree)
            #expect(try JSONValue(parsing: tree.text(.indented(2))) == tree)
        }
        switch file.split(separator: "/").last?.prefix(2) {
        case "y_": #expect(tree != nil)
        case "n_": #expect(tree == nil)
        default: break
        }
        if file.hasPrefix("roundtrip/") { #expect(tree?.text() == String(decoding: bytes, as: UTF8.self)) }
    }
}
