import Host
import Testing
import ZFS

/// What `zfs list` prints, line by line.
@Suite struct ListTests {
    private func list(_ text: String) async throws -> [Dataset] { try await FakeZFS(.prints(text)).zfs.datasets() }

    /// The one dataset of a line.
    private func only(_ line: String) async throws -> Dataset {
        let found = try await list("\(line)\n")
        #expect(found.count == 1)
        return try #require(found.first)
    }

    @Test func eachLineIsADatasetInItsPlace() async throws {
        let found = try await list(
            """
            tank\tfilesystem\t-\t7\t/tank\t-
            tank/base\tfilesystem\t-\t7\t/tank/base\t-
            tank/my vm\tfilesystem\ttank/base@final\t7\t/tank/my vm\ttrue
            tank/base-disk0\tvolume\ttank/disk@final\t7\t-\t-

            """)
        #expect(found.map(\.name.description) == ["tank", "tank/base", "tank/my vm", "tank/base-disk0"])
        #expect(found.map(\.kind) == [.filesystem, .filesystem, .filesystem, .volume])
        #expect(found.map(\.origin?.description) == [nil, nil, "tank/base@final", "tank/disk@final"])
        #expect(found.map(\.mountpoint) == ["/tank", "/tank/base", "/tank/my vm", nil])
        #expect(found.map(\.isIgnored) == [false, false, true, false])
    }

    @Test(arguments: ["", "\n", "\n\n\n"])
    func nothingIsNoDatasets(text: String) async throws {
        #expect(try await list(text) == [])
    }

    @Test func theLastLineNeedsNoNewline() async throws {
        #expect(try await list("tank\tfilesystem\t-\t7\t/tank\t-").map(\.name.description) == ["tank"])
    }

    /// A property may hold anything, also line breaks and tabs; what comes of them is nobody's dataset.
    static let oddLines: [String] = [
        "", "\t", "\t\t\t\t", "tank", "tank\tfilesystem", "tank\tfilesystem\t-\t7\t/tank", "tank filesystem - /tank -",
        "\tfilesystem\t-\t7\t/tank\t-", "tank\t\t-\t7\t/tank\t-", "tank\tFilesystem\t-\t7\t/tank\t-",
        "tank\tdir\t-\t7\t/tank\t-",
        "tank@a\tsnapshot\t-\t7\t-\t-", "tank@a\tfilesystem\t-\t7\t-\t-", "tank#a\tbookmark\t-\t7\t-\t-",
        "tank\tsnapshot\t-\t7\t-\t-", " tank\tfilesystem\t-\t7\t/tank\t-", "-r\tfilesystem\t-\t7\t/tank\t-",
        "../tank\tfilesystem\t-\t7\t/tank\t-", "tank/\tfilesystem\t-\t7\t/tank\t-",
        "tank//a\tfilesystem\t-\t7\t/tank\t-",
        "tank;a\tfilesystem\t-\t7\t/tank\t-", "tänk\tfilesystem\t-\t7\t/tank\t-",
        "NAME\tTYPE\tORIGIN\tMOUNTPOINT\tIGNORE",
        "no datasets available", "cannot open 'tank': I/O error",
    ]

    @Test(arguments: oddLines)
    func anOddLineIsPassedOver(line: String) async throws {
        let found = try await list(
            "tank/a\tfilesystem\t-\t7\t/tank/a\t-\n\(line)\ntank/b\tfilesystem\t-\t7\t/tank/b\t-\n")
        #expect(found.map(\.name.description) == ["tank/a", "tank/b"])
    }

    @Test func bytesThatAreNoTextArePassedOver() async throws {
        let rest = Array("\tfilesystem\t-\t7\t/tank\t-\n".utf8)
        let good = Array("tank".utf8) + rest
        let bad: [UInt8] = Array("tank".utf8) + [0xff] + rest
        let host = FakeZFS(CommandOutcome(ending: .exited(0), output: bad + good))
        #expect(try await host.zfs.datasets().map(\.name.description) == ["tank"])
    }

    @Test(
        arguments: [
            ("/tank", "/tank"), ("/", "/"), ("/with blank", "/with blank"), ("/zones/世界", "/zones/世界"), ("none", nil),
            ("legacy", nil), ("-", nil), ("", nil), ("tank", nil),
        ] as [(String, String?)])
    func onlyAPathIsAMountpoint(value: String, mountpoint: String?) async throws {
        #expect(try await only("tank\tfilesystem\t-\t7\t\(value)\t-").mountpoint == mountpoint)
    }

    @Test(
        arguments: [
            ("tank/a@final", "tank/a@final"), ("other/a b@c d", "other/a b@c d"), ("-", nil), ("", nil),
            ("tank/a", nil),
            ("@final", nil), ("tank/a@", nil), ("none", nil),
        ] as [(String, String?)])
    func onlyASnapshotIsAnOrigin(value: String, origin: String?) async throws {
        #expect(try await only("tank\tvolume\t\(value)\t7\t-\t-").origin?.description == origin)
    }

    @Test(arguments: [
        ("true", true), ("yes", true), ("-", false), ("false", false), ("no", false), ("", false), ("TRUE", false),
        ("true ", false), ("1", false), ("on", false), ("true\tfalse", false), ("-\ttrue", false),
    ])
    func onlyTrueAndYesSayIgnored(value: String, isIgnored: Bool) async throws {
        #expect(try await only("tank\tfilesystem\t-\t7\t/tank\t\(value)").isIgnored == isIgnored)
    }

    @Test func snapshotsKeepTheirOrder() async throws {
        let host = FakeZFS(.prints("tank/a@two\ntank/a@one\n\ntank/a\nodd line\ntank/a@a b\n"))
        let found = try await host.zfs.snapshots(of: dataset("tank/a"))
        #expect(found.map(\.description) == ["tank/a@two", "tank/a@one", "tank/a@a b"])
    }
}
