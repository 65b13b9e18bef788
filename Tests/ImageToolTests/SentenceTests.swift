import ImageModel
import JSON
import Testing

@testable import ImageTool

/// What people read of what was done: one sentence, or none where something else tells it.
@Suite struct SentenceTests {
    private static func result(
        _ action: ImageResult.Action, _ change: (inout ImageResult) -> Void = { _ in }
    ) -> ImageResult {
        var result = ImageResult(action, nil, title: "web@1")
        change(&result)
        return result
    }

    static let sentences: [(ImageResult, String?)] = [
        (result(.present(.asked)), "Image web@1 is already installed, skipping"),
        (result(.present(.origin)) { $0.layer = "layer 1 of 2" }, "Image web@1 already installed (layer 1 of 2)"),
        (result(.imported), "Imported image web@1"),
        (result(.imported) { ($0.layer, $0.isRequested) = ("layer 1 of 2", false) }, "Unpacked layer 1 of 2"),
        (result(.imported) { ($0.layer, $0.isRequested, $0.isPlanned) = ("layer 1 of 2", false, true) }, nil),
        (
            result(.imported) { ($0.isPlanned, $0.bytes, $0.source) = (true, 1536, "http://x") },
            "Imported image web@1: 1.5 KiB from \"http://x\", not checked, no signature"
        ),
        (
            result(.imported) {
                ($0.isPlanned, $0.source) = (true, "http://x")
                $0.check = ImageFileCheck(
                    sha1: "aa", digest: ContentDigest("sha256:" + String(repeating: "0", count: 64)))
                $0.coming = (2, 2048)
            }, "Imported image web@1: 2.0 KiB in 2 layers from \"http://x\", checked by sha256, no signature"
        ),
        (
            result(.updated(fields: ["name"])) { $0.source = "http://x" },
            "Updated 1 manifest field for image web@1 from \"http://x\": name"
        ),
        (
            result(.updated(fields: ["name", "os"])) { $0.source = "http://x" },
            "Updated 2 manifest fields for image web@1 from \"http://x\": name, os"
        ),
        (result(.kept) { $0.reason = "it has clones" }, "Kept image web@1: it has clones"),
        (
            result(.deletedThere(channel: "dev")) { $0.destination = "http://x" },
            "Deleted image web@1 from http://x, channel \"dev\""
        ),
        (result(.cleared), nil), (result(.unchanged), nil), (result(.created), nil),
    ]

    @Test(arguments: sentences.indices) func aResultIsASentence(place: Int) {
        let (result, sentence) = Self.sentences[place]
        #expect(result.sentence == sentence)
    }
}
