import Failure
import Testing
import ZFS

/// Names are words of a command: nothing but a name may become one.
@Suite struct NameTests {
    /// What no part of any name may have in it.
    static let hostile: [String] = [
        "a;reboot", "$(reboot)", "`reboot`", "a|b", "a&b", "a>b", "a*", "a?", "a~b", "a!", "a'b", "a\"b", "a\\b", "a=b",
        "a,b", "a+b", "a%b", "(a)", "[a", "a]", "{a", "a}", "a^b", "a\nb", "a\n", "a\tb", "a\rb", "a\0b", "a\u{7f}",
        "\u{1b}[2J", "ä", "a\u{301}", "世界", "a\u{a0}b", "\u{ff41}", "\u{202e}a",
    ]

    @Test(arguments: hostile)
    func nothingHostileIsPartOfAName(part: String) {
        #expect(PoolName(part) == nil)
        #expect(DatasetName(part) == nil)
        #expect(DatasetName("tank/\(part)") == nil)
        #expect(DatasetName("\(part)/a") == nil)
        #expect(SnapshotName("tank@\(part)") == nil)
        #expect(SnapshotName("tank/\(part)@a") == nil)
    }

    private static func long(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let pools: [String] = ["zones", "t", "Tank", "z9", "a-b_c.d:e", "a b", "a..", long(199)]

    @Test(arguments: pools)
    func aPoolNameIsTakenAsItIs(text: String) throws {
        #expect(PoolName(text)?.description == text)
        #expect(try PoolName(checking: text) == pool(text))
        #expect(try pool(text).dataset.description == text)
    }

    static let notPools: [String] = [
        "", " ", " tank", "tank ", "1tank", "9", "-", "-r", "--help", "-tank", ".", "..", ".tank", "_tank", ":tank",
        "/", "/tank", "tank/", "tank/a", "../tank", "tank@a", "tank#a", "@", long(200),
    ]

    @Test(arguments: notPools)
    func whatIsNoPoolNameIsRefused(text: String) {
        #expect(PoolName(text) == nil)
        let failure = #expect(throws: Failure.self) { try PoolName(checking: text) }
        #expect(failure?.code == .invalidPoolName)
        #expect(failure?.message == "\"\(text)\" is not a valid zpool name")
    }

    static let datasets: [String] = [
        "tank", "tank/a", "tank/a b/c", "tank/-r", "tank/.hidden", "tank/_a:b.c-d", "tank/1", "a b/c",
        "zones/01b2c898-945f-11e1-a523-af1afbe22822", "zones/01b2c898-945f-11e1-a523-af1afbe22822-disk0",
        "zones/01b2c898-945f-11e1-a523-af1afbe22822/disk0", "tank/\(long(250))",
    ]

    @Test(arguments: datasets)
    func aDatasetNameIsTakenAsItIs(text: String) {
        #expect(DatasetName(text)?.description == text)
    }

    static let notDatasets: [String] = [
        "", "/", "//", "/tank", "tank/", "tank//a", "tank/a/", "-r", "-r/a", "--", "1/a", " tank/a", "tank /a", ".",
        "..", "../tank", "./tank", "tank/..", "tank/./a", "tank/a@b", "tank@b/a", "tank/a#b", "tank/\u{301}",
        "tank/\(long(251))",
    ]

    @Test(arguments: notDatasets)
    func whatIsNoDatasetNameIsRefused(text: String) {
        #expect(DatasetName(text) == nil)
    }

    @Test func aDatasetKnowsItsPoolAndItsLastComponent() throws {
        let top = try dataset("tank")
        #expect(top.pool == "tank" && top.lastComponent == "tank")
        let below = try dataset("tank/a/b")
        #expect(below.pool == "tank" && below.lastComponent == "b")
        #expect(try dataset("tank/a").child("b c") == dataset("tank/a/b c"))
    }

    static let snapshots: [String] = [
        "tank@final", "tank/a@final", "tank/a b@c d", "tank/a@-r", "tank/a@2024-01-02T03:04:05", "tank/a@.", "tank@_",
        "tank@\(long(250))",
    ]

    @Test(arguments: snapshots)
    func aSnapshotNameIsTakenAsItIs(text: String) throws {
        let name = try snapshot(text)
        #expect(name.description == text)
        #expect(name.dataset.snapshot(name.name) == name)
    }

    static let notSnapshots: [String] = [
        "", "@", "tank", "tank/a", "tank@", "tank/a@", "@final", "/@final", "tank/@a", "-r@a", "1@a", "tank@a@b",
        "tank@@a", "tank@a/b", "tank@../b", "tank#a", "tank@a#b", "tank@a@", "tank@\u{301}a", "tank@\(long(251))",
    ]

    @Test(arguments: notSnapshots)
    func whatIsNoSnapshotNameIsRefused(text: String) {
        #expect(SnapshotName(text) == nil)
    }

    @Test(arguments: ["", "@", "a@b", "a/b", "a\nb", "$(reboot)", long(250)])
    func aDatasetHasNoSnapshotUnderABadName(name: String) throws {
        #expect(try dataset("tank/a").snapshot(name) == nil)
    }

    @Test func namesAreOrderedByTheirText() throws {
        let pools = try [pool("b"), pool("a b"), pool("a")].sorted()
        #expect(pools.map(\.description) == ["a", "a b", "b"])
        let datasets = try [dataset("a/b"), dataset("a"), dataset("B")].sorted()
        #expect(datasets.map(\.description) == ["B", "a", "a/b"])
        let snapshots = try [snapshot("a@b"), snapshot("a/a@a"), snapshot("a@a")].sorted()
        #expect(snapshots.map(\.description) == ["a/a@a", "a@a", "a@b"])
    }
}
