import Failure
import ImageModel
import JSON
import Testing

@testable import ImageTool

/// Which image a word names.
@Suite struct NameChoiceTests {
    private func image(_ digit: Int, _ name: String, _ version: String, _ moment: String? = nil) throws -> Manifest {
        var json: JSONObject = [
            "v": 2, "uuid": .string("5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c00\(digit)"), "name": .string(name),
            "version": .string(version),
        ]
        json["published_at"] = moment.map { .string($0) }
        return try Manifest(json)
    }

    @Test func theOnePublishedLastIsTaken() throws {
        let images = [
            try image(1, "web", "2", "2026-01-01T00:00:00Z"), try image(2, "web", "1", "2026-03-01T00:00:00Z"),
            try image(3, "web", "3"),
        ]
        #expect(try ImageTool.choose(images, called: "web", isLatest: true)?.version == "1")
        #expect(try ImageTool.choose(images.reversed(), called: "web", isLatest: true)?.version == "1")
    }

    /// Of the same moment, one and the same is taken, whatever the order.
    @Test func theSameMomentIsNoChance() throws {
        let images = try (1...4).map { try image($0, "web", "\($0)", "2026-01-01T00:00:00Z") }
        #expect(try ImageTool.choose(images, called: "web", isLatest: true)?.version == "4")
        #expect(try ImageTool.choose(images.reversed(), called: "web", isLatest: true)?.version == "4")
    }

    @Test func noneAndOneNeedNoChoice() throws {
        #expect(try ImageTool.choose([], called: "web", isLatest: false) == nil)
        let one = try image(1, "web", "1")
        // On two pools it is one all the same.
        #expect(try ImageTool.choose([one, one], called: "web", isLatest: false)?.uuid == one.uuid)
    }

    static let others: [(versions: [String], hint: String)] = [
        (["1", "2"], "NAME@VERSION, says which"), (["1", "1"], "only a UUID says which"),
        (["1", "1", "2"], "where only one has that"),
    ]

    @Test(arguments: others) func severalAreToldWithWhatTellsThemApart(versions: [String], hint: String) throws {
        let images = try versions.enumerated().map { try image($0.offset + 1, "web", $0.element) }
        let error = #expect(throws: Failure.self) {
            try ImageTool.choose(images, called: "web", isLatest: false)
        }
        #expect(error?.code == .ambiguousName)
        #expect(error?.hints.first?.contains(hint) == true, "\(String(describing: error))")
        for image in images { #expect(error?.message.contains(image.uuid.description) == true) }
    }

    @Test func theVersionsThereAreAreTold() throws {
        let body = (1...12).map {
            #"{"uuid":"5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c\#(100 + $0)","name":"web","version":"\#(100 + $0)"}"#
        }
        let images = try ListedImage.read(Array("[\(body.joined(separator: ","))]".utf8), from: "here")
        func told(_ word: String) throws -> String? {
            ImageTool.versions(of: try #require(ImageName(word)), among: images)
        }
        #expect(try told("web@7") == "there is \((103...112).map { "web@\($0)" }.joined(separator: ", ")), and 2 more")
        #expect(try told("web") == nil && told("other@7") == nil)
    }
}
