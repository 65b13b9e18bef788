import Host
import Testing
import ZFS

/// What `zfs list` prints, line by line.
@Suite struct ListTests {
    /// - Parameter text: lines without the name at their end, which each has.
    private func list(_ text: String) async throws -> [Dataset] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(ListTests.named)
        let host = FakeZFS(.prints(lines.joined(separator: "\n")))
        let found = try await host.zfs.datasets()
        #expect(host.calls.count == 1)
        return found
    }

    private static func named(_ line: some StringProtocol) -> String {
        line.isEmpty ? "" : "\(line)\t\(line.prefix { $0 != "\t" })"
    }

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
        "\t", "\t\t\t\t", "tank", "tank\tfilesystem", "tank\tfilesystem\t-\t7\t/tank", "tank filesystem - /tank -",
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

    /// What there is is then listed once more, without what somebody may choose the text of.
    @Test(arguments: oddLines + oddLines.map(named))
    func anOddLineIsPassedOver(line: String) async throws {
        let good = ["tank/a", "tank/b"].map { ListTests.named("\($0)\tfilesystem\t-\t7\t/\($0)\t-") }
        let host = FakeZFS(
            .prints("\(good[0])\n\(line)\n\(good[1])\n"),
            .prints("tank/a\tfilesystem\t-\t7\ntank/b\tfilesystem\t-\t7\n"))
        let found = try await host.zfs.datasets()
        #expect(found.map(\.name.description) == ["tank/a", "tank/b"])
        #expect(found.map(\.mountpoint) == ["/tank/a", "/tank/b"])
        #expect(host.calls.count == 2 && host.calls.last?.contains("name,type,origin,guid") == true)
    }

    /// What somebody has set on his own dataset makes up none, and says nothing of others.
    @Test(arguments: [
        "x\ttank/mine\ntank/fake\tfilesystem\t-\t1\t/tank/fake\t-\ttank/fake\ntank/mine\tfilesystem\t-\t1\t/m\t-",
        "x\ntank/fake\tfilesystem\t-\t1\t/tank/fake\t-",
        "x\ttank/mine\ntank/victim\tvolume\ttank/base@final\t1\t-\ttrue",
        "x\ttank/mine\ntank/victim\tfilesystem\t-\t1\t/\ttrue\ttank/victim\ny", "\n", "x\ty", "true\n",
        "x\ntank/victim\tfilesystem\t-\t1\t/\ttrue\ttank/victim",
    ])
    func aValueMakesUpNoDataset(value: String) async throws {
        let pool = TextPool([
            "tank": [:], "tank/mine": ["imgadm:ignore": value, "mountpoint": "/mine"],
            "tank/victim": ["origin": "tank@final", "mountpoint": "/victim"],
            "tank/wild": ["mountpoint": "/\(value)", "imgadm:ignore": "yes"],
        ])
        let found = try await pool.host.zfs.datasets()
        #expect(found.map(\.name.description) == ["tank", "tank/mine", "tank/victim", "tank/wild"])
        #expect(found.map(\.isIgnored) == [false, false, false, true], "\(found)")
        #expect(found.map(\.mountpoint) == [nil, "/mine", "/victim", "/\(value)"])
        #expect(found.map(\.origin?.description) == [nil, nil, "tank@final", nil])
        #expect(found.allSatisfy { $0.kind == .filesystem })
    }

    @Test func bytesThatAreNoTextArePassedOver() async throws {
        let good = Array("tank\tfilesystem\t-\t7\t/tank\t-\ttank\n".utf8)
        let bad: [UInt8] = Array("tank".utf8) + [0xff] + Array("\tfilesystem\t-\t7\t/tank\t-\ttank\n".utf8)
        let host = FakeZFS(CommandOutcome(ending: .exited(0), output: bad + good), .prints("tank\tfilesystem\t-\t7\n"))
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
        ("true ", false), ("1", false), ("on", false),
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
