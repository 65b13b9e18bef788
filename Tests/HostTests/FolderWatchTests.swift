import Glibc
import SystemPackage
import TestHost
import Testing

@testable import Host

@Suite struct FolderWatchTests {
    /// The temporary folder is on a file system that no other machine changes; on another there is no watch.
    private static let isLocal = ConditionTrait.enabled("the temporary folder may be on several machines") {
        let kinds = ["ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "zfs", "f2fs", "bcachefs"]
        let folder = TemporaryFolder()
        let kind = try await Tool.run("findmnt", "-n", "-o", "FSTYPE", "-T", folder.path.string)
        return kinds.contains(String(kind.prefix { !$0.isWhitespace }))
    }

    @Test(isLocal) func whatChangesIsTold() async throws {
        let folder = TemporaryFolder()
        let path = folder.path.appending("watched")
        try HostFile.makeFolder(path)
        let made = FolderWatch([path], counting: { $0.hasSuffix(".json") })
        let watch = try #require(made)
        #expect(watch.hasChanged() == false)
        let changes: [(String, isOne: Bool)] = [
            ("echo 1 > a.json", true), ("echo 2 >> a.json", true), ("chmod 600 a.json", true),
            ("echo 3 > .b && mv .b b.json", true), ("mv b.json .b", true), ("rm .b", false), ("cat a.json", false),
            ("touch .upload; echo 4 > other", false), ("ln a.json c.json", true), ("rm c.json a.json", true),
            ("chmod 700 .", true),
        ]
        for (line, isOne) in changes {
            try await Tool.shell("cd '\(path)' && \(line)")
            #expect(watch.hasChanged() == isOne, "\(line)")
            #expect(watch.hasChanged() == false, "after \(line)")
        }
    }

    @Test(isLocal, arguments: ["rmdir watched", "mv watched elsewhere"])
    func whereTheFolderGoesNothingIsToldAnyMore(line: String) async throws {
        let folder = TemporaryFolder()
        let path = folder.path.appending("watched")
        try HostFile.makeFolder(path)
        let made = FolderWatch([path], counting: { _ in true })
        let watch = try #require(made)
        try await Tool.shell("cd '\(folder.path)' && \(line)")
        #expect(watch.hasChanged() == nil)
        #expect(watch.hasChanged() == nil)
    }

    /// By a link, or a folder further up, the name leads elsewhere.
    @Test(isLocal, arguments: ["ln -sfn two link", "mv one old; mv two one"])
    func whereTheNameLeadsElsewhereNothingIsToldAnyMore(line: String) async throws {
        let folder = TemporaryFolder()
        try await Tool.shell("cd '\(folder.path)' && mkdir -p one/images two/images && ln -s one link")
        let made = FolderWatch([folder.path.appending("link/images")], counting: { _ in true })
        let watch = try #require(made)
        #expect(watch.hasChanged() == false)
        try await Tool.shell("cd '\(folder.path)' && \(line)")
        #expect(watch.hasChanged() == nil)
    }

    /// Where it cannot be, nothing is left open.
    @Test func whatFailsLeavesNothingOpen() throws {
        let folder = TemporaryFolder()
        for _ in 0..<1000 {
            #expect(FolderWatch([folder.path, folder.path.appending("none")], counting: { _ in true }) == nil)
        }
        #expect(try HostFile.names(in: "/proc/self/fd").count < 800)
    }

    @Test func thereMustBeAFolder() async throws {
        let folder = TemporaryFolder()
        try await Tool.shell("touch '\(folder.path)/file'")
        #expect(FolderWatch([folder.path.appending("none")], counting: { _ in true }) == nil)
        #expect(FolderWatch([folder.path.appending("file")], counting: { _ in true }) == nil)
    }

    /// More than the kernel keeps for us is a change, whatever it was.
    @Test func tooManyAreAChange() {
        func event(_ mask: Int, name: String = "", length: Int? = nil) -> [UInt8] {
            let bytes = Array(name.utf8) + [UInt8](repeating: 0, count: name.isEmpty ? 0 : 16 - name.utf8.count)
            return [1, mask, 0, length ?? bytes.count].flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            } + bytes
        }
        let table: [([UInt8], FolderWatch.Judgement)] = [
            ([], .nothing), (event(Int(IN_MODIFY), name: "a.json"), .something),
            (event(Int(IN_MODIFY), name: "a.txt"), .nothing), (event(Int(IN_Q_OVERFLOW)), .something),
            (event(Int(IN_IGNORED)), .end), (event(Int(IN_UNMOUNT)), .end),
            (event(Int(IN_MODIFY), name: "a", length: 4000), .end),
            (event(Int(IN_MODIFY), name: "a.txt") + event(Int(IN_CREATE), name: "b.json"), .something),
        ]
        for (bytes, judgement) in table {
            #expect(FolderWatch.judge(bytes, { $0.hasSuffix(".json") }) == judgement, "\(bytes)")
        }
    }
}
