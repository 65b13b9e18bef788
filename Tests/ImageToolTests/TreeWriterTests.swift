import Failure
import Host
import SystemPackage
import Tar
import TestArchives
import TestHost
import Testing

@testable import ImageTool

/// What `imgadm extract` makes in a folder, and what it must leave there.
@Suite struct TreeWriterTests {
    /// Extracts an archive into a folder.
    ///
    /// - Parameters:
    ///   - look: a command that tells what is there then.
    ///   - before: one that makes what is there already.
    ///   - source: what is extracted from.
    private func extract(
        _ archive: [UInt8], after look: String, into before: String = ":", source: String? = nil, isRoot: Bool = false
    ) async throws -> (output: String, error: Failure?) {
        let out = TestFolder.make("tree")
        defer { TestFolder.remove(out) }
        _ = try await Tool.shell("cd '\(out)' && { \(before)\n}")
        let kept = try source.map { try #require(try FileIdentity(out.appending($0), followingLinks: true)) }
        var failure: Failure?
        do {
            let writer = try TreeWriter(out, keeping: [kept].compactMap(\.self), isRoot: isRoot)
            var extraction = ArchiveExtraction(writer)
            var reader = TarReader()
            try unsafe reader.feed(archive.span.bytes, to: &extraction)
            try reader.finish(to: &extraction)
            try writer.finish()
            failure = writer.loss
        } catch let error as Failure {
            failure = error
        }
        return (try await Tool.shell("cd '\(out)' && { \(look)\n}").trimmed, failure)
    }

    private static func folder(_ name: String, _ mode: Int) -> [UInt8] { Header(name, type: "5", mode: mode).sealed }

    struct Loss: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let archive: [UInt8]
        let source: String

        init(_ what: String, _ archive: [UInt8], source: String = "img.tar") {
            testDescription = what
            self.archive = archive
            self.source = source
        }
    }

    static let losses = [
        Loss("its own name", file("img.tar", "x")),
        Loss("its name by a link to the root", Header("l", type: "2", link: "/").sealed + file("l/img.tar", "x")),
        Loss(
            "its name by a link to a folder", Header("l", type: "2", link: "sub").sealed + file("l/deep", "x"),
            source: "sub/deep"),
        Loss("a hard link", file("a", "x") + Header("img.tar", type: "1", link: "a").sealed),
        Loss("the folder that it is in", file("sub", "x")),
        Loss("a folder with something in it, by a link", Header("sub", type: "2", link: "/").sealed),
        Loss("a folder with something in it, by a fifo", Header("sub", type: "6").sealed),
    ]

    @Test("What is extracted from, and folders with something in them, are not lost", arguments: losses)
    func isKept(_ loss: Loss) async throws {
        let before = "mkdir -p sub; echo kept > img.tar; echo deep > sub/deep"
        let made = try await extract(
            loss.archive + end, after: "cat img.tar sub/deep", into: before, source: loss.source)
        #expect(made.output == "kept\ndeep")
        #expect(made.error?.code == .usage && made.error?.message.contains("would be lost") == true, "\(made)")
    }

    /// As GNU tar does it.
    @Test("What cannot be made for what lies in its place keeps nothing else from being made")
    func restIsMade() async throws {
        let archive =
            file("a", "new") + file("sub", "x") + Header("l", type: "1", link: "./sub").sealed
            + Header("sub", type: "2", link: "/").sealed + file("b", "new")
        let made = try await extract(
            archive + end, after: "cat a b sub/deep; ls", into: "mkdir sub; echo deep > sub/deep; echo old > b")
        #expect(made.output == "newnewdeep\na\nb\nsub", "\(made)")
        #expect(made.error?.exitStatus == 2 && made.error?.message.contains("3 errors") == true, "\(made)")
    }

    @Test("Files, links and empty folders make room, and what the archive made itself")
    func room() async throws {
        let archive =
            file("file", "new") + file("link", "new") + file("empty", "new") + Self.folder("own", 0o755)
            + file("own/a", "x") + file("implied/a", "x") + file("own", "new") + file("implied", "new")
        let made = try await extract(
            archive + end, after: "cat file link empty own implied; find . -type d",
            into: "echo old > file; ln -s /etc/hostname link; mkdir empty")
        #expect(made.error == nil && made.output == "newnewnewnewnew.", "\(made)")
    }

    @Test("A folder that nobody may write into gets its mode at last, and only if it is still there")
    func closedFolders() async throws {
        let archive =
            Self.folder("was", 0o555) + file("was/in", "x") + file("was", "new") + Self.folder("stays", 0o550)
            + file("stays/in", "x") + Self.folder("twice", 0o500) + Self.folder("twice", 0o755) + Self.folder("up", 0)
            + Self.folder("up/down", 0o100) + Self.folder("led", 0o511)
            + Header("led", type: "2", link: "twice").sealed
        let made = try await extract(archive + end, after: "stat -c '%F %a' was stays twice up up/down; readlink led")
        #expect(made.error == nil)
        let expected = [
            "regular file 644", "directory 550", "directory 755", "directory 0", "directory 100", "twice",
        ]
        #expect(made.output.split(separator: "\n").map(String.init) == expected, "\(made)")
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
