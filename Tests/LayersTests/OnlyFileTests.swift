import Layers
import Tar
import TestArchives
import Testing

/// The one file below a folder of an image, its layers read from the top down (OCI image-spec, layer.md).
@Suite struct OnlyFileTests {
    /// - Parameter layers: from the base up.
    /// - Returns: path and content.
    private func read(_ layers: [[UInt8]]) throws -> (path: String?, content: String) {
        let file = try #require(OnlyFile(below: "disk"))
        var content: [UInt8] = []
        for layer in layers.reversed() {
            var archive = TarReader()
            var visitor = file
            file.receive = { bytes in unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) } }
            try unsafe archive.feed((layer + zeros(1024)).span.bytes, to: &visitor)
            try archive.finish(to: &visitor)
            file.endLayer()
        }
        return (file.path.map { String(decoding: $0, as: UTF8.self) }, String(decoding: content, as: UTF8.self))
    }

    static let found: [(layers: [[UInt8]], path: String)] = [
        ([folder("disk") + file("disk/a", "content")], "disk/a"),
        ([file("./disk/a", "content")], "disk/a"), ([file("/disk/a", "content")], "disk/a"),
        ([folder("disk/deep") + file("disk/deep/a", "content")], "disk/deep/a"),
        ([file("etc/a", "x") + file("disk/a", "content") + file("disks/b", "x") + file("a/disk/b", "x")], "disk/a"),
        // What is above hides what is below.
        ([file("disk/a", "old"), file("disk/a", "content")], "disk/a"),
        ([file("disk/a", "old"), file("disk/.wh.a", "") + file("disk/b", "content")], "disk/b"),
        ([file("disk/a", "old"), file("disk/b", "content") + file("disk/.wh.a", "")], "disk/b"),
        ([file("disk/a", "old"), file("disk/.wh..wh..opq", "") + file("disk/b", "content")], "disk/b"),
        ([file("disk/a", "old"), file(".wh.disk", ""), file("disk/b", "content")], "disk/b"),
        ([file("disk/a", "old"), file(".wh..wh..opq", "") + file("disk/b", "content")], "disk/b"),
        ([file("disk/d/a", "old"), file("disk/d", "content")], "disk/d"),
        ([file("disk/d", "old"), folder("disk/d") + file("disk/d/a", "content")], "disk/d/a"),
        ([symlink("disk", "elsewhere"), folder("disk") + file("disk/a", "content")], "disk/a"),
        ([file("disk/a", "content"), file("etc/b", "x"), folder("disk")], "disk/a"),
        ([symlink("disk/link", "a") + file("disk/a", "content")], "disk/a"),
    ]

    @Test(arguments: found) func theFileThatIsLeftIsFound(_ one: (layers: [[UInt8]], path: String)) throws {
        let read = try read(one.layers)
        #expect(read.path == one.path && read.content == "content")
    }

    static let none: [[[UInt8]]] = [
        [], [file("etc/a", "x")], [folder("disk")], [file("disk", "x"), file(".wh.disk", "")],
        [file("disk/a", "x"), file("disk/.wh.a", "")], [file("disk/a", "x"), symlink("disk", "elsewhere")],
        [symlink("disk/a", "/etc/passwd")],
    ]

    @Test(arguments: none) func whereNoneIsLeftNoneIsFound(_ layers: [[UInt8]]) throws {
        #expect(try read(layers).path == nil)
    }

    static let refused: [[[UInt8]]] = [
        [file("disk/a", "x") + file("disk/b", "y")], [file("disk/a", "x"), file("disk/b", "y")],
        [file("disk/a", "x") + file("disk/a", "y")],
        [file("disk/a", "x") + Header("disk/b", type: "1", link: "disk/a").sealed],
        [symlink("disk", "elsewhere") + file("disk/a", "x")], [file("disk/a", "x") + symlink("disk", "elsewhere")],
        [symlink("disk", "elsewhere"), file("disk/a", "x")], [file("disk/d/a", "x") + file("disk/d", "y")],
        [file("disk/a", "x") + folder("disk/a")], [file("disk/../disk/a", "x")],
        [file("disk/.wh.", "")], [file("disk/.wh..", "")],
    ]

    @Test(arguments: refused) func whatCouldMeanSeveralIsRefused(_ layers: [[UInt8]]) {
        #expect(throws: LayerError.self) { try read(layers) }
    }
}
