import Failure
import Host
import Testing
import ZFS

/// Things looked up by name, some of which are not there: `zfs` complains of those and fails all the same.
@Suite struct LookUpTests {
    /// What is told of a name, a line a property.
    private static func lines(_ name: String, _ values: [(String, String)]) -> String {
        values.map { "\(name)\t\($0.0)\t-\t\($0.1)\t\(name)\n" }.joined()
    }

    private static let datasetLines = lines(
        "tank/a",
        [
            ("origin", "tank/base@final"), ("guid", "17"), ("available", "1099511627776"), ("used", "24576"),
            ("type", "filesystem"), ("mounted", "yes"), ("canmount", "on"), ("mountpoint", "/tank/a"),
            ("imgadm:volmode", "-"), ("imgadm:ignore", "-"), ("imgadm:own", "-"),
        ])
    private static let snapshotLines = lines("tank/a@final", [("origin", "-"), ("guid", "18"), ("type", "snapshot")])

    @Test func aDatasetComesWithTheSnapshotsThatWereAskedFor() async throws {
        let host = FakeZFS(.prints(LookUpTests.datasetLines + LookUpTests.snapshotLines))
        let (name, final, none) = try (dataset("tank/a"), snapshot("tank/a@final"), snapshot("tank/a@none"))
        let found = try await host.zfs.lookUp([name], [final, none])
        #expect(found.dataset(name)?.origin?.description == "tank/base@final")
        #expect(found.dataset(name)?.mountpoint == "/tank/a" && found.dataset(name)?.isIgnored == false)
        #expect(try found.guid(of: name) == 17 && found.guid(of: final) == 18 && found.guid(of: none) == nil)
        #expect(found.available(in: name) == 1_099_511_627_776 && found.used(by: name) == 24_576)
        #expect(!found.mayBeHidden(name))
        #expect(host.calls.map { $0.suffix(3) } == [["tank/a", "tank/a@final", "tank/a@none"]])
    }

    @Test func aSnapshotThatIsMissingIsNoError() async throws {
        let host = FakeZFS(
            .fails("cannot open 'tank/a@final': dataset does not exist\n", output: LookUpTests.datasetLines))
        let found = try await host.zfs.lookUp([dataset("tank/a")], [snapshot("tank/a@final")])
        #expect(try found.dataset(dataset("tank/a")) != nil && found.guid(of: snapshot("tank/a@final")) == nil)
    }

    @Test(arguments: [
        "cannot open 'tank/a': dataset does not exist\n", "cannot open 'tank': no such pool\n",
        "cannot open 'tank/a': dataset does not exist\ncannot open 'tank/a@final': dataset does not exist\n",
    ])
    func aDatasetThatIsMissingIsNil(complaint: String) async throws {
        let found = try await FakeZFS(.fails(complaint)).zfs.lookUp([dataset("tank/a")], [snapshot("tank/a@final")])
        #expect(try found.dataset(dataset("tank/a")) == nil && found.guid(of: dataset("tank/a")) == nil)
        #expect(try found.used(by: dataset("tank/a")) == nil && !found.mayBeHidden(dataset("tank/a")))
    }

    /// The name of a snapshot alone, or of something else, is not the dataset.
    @Test(arguments: [
        "", snapshotLines, lines("tank/ab", [("type", "filesystem")]), lines("tank/a", [("type", "bookmark")]),
        "tank/a\ttype\n", "tank/a type filesystem\n", "tank/a\ttype\t-\tfilesystem\n",
    ])
    func anotherLineIsNotTheDataset(output: String) async throws {
        let found = try await FakeZFS(.prints(output)).zfs.dataset(dataset("tank/a"))
        #expect(found == nil)
    }

    /// The mark of a pool is none of what is on it.
    @Test(arguments: [("local", true), ("inherited from tank", false), ("received", false), ("-", false)])
    func onlyAnOwnMarkCounts(source: String, isOwn: Bool) async throws {
        let marked = LookUpTests.datasetLines.replacing("imgadm:own\t-\t-", with: "imgadm:own\t\(source)\ttrue")
        let found = try await FakeZFS(.prints(marked)).zfs.lookUp([dataset("tank/a")])
        #expect(try found.isOwn(dataset("tank/a")) == isOwn)
    }

    @Test(arguments: [
        ("local", "true", 1), ("inherited from tank/a", "true", 0), ("local", "false", 0), ("-", "-", 0),
        ("local", "true\t", 0), ("local", "true\n", 0),
    ])
    func snapshotsOfMachinesHaveAMarkOfTheirOwn(source: String, value: String, count: Int) async throws {
        let final = try snapshot("tank/a@final")
        let pool = TextPool(["tank/a@final": ["imgadm:machine": value]], source: source)
        #expect(try await pool.host.zfs.ofMachines([final]).count == count)
    }

    /// Which of the datasets are there, and have a snapshot that has no mark.
    @Test func snapshotsOfNoMachinesComeWithTheirDatasets() async throws {
        func line(_ name: String, _ value: String, _ source: String) -> String {
            "\(name)\timgadm:machine\t\(source)\t\(value)\t\(name)\n"
        }
        let missing = ["tank/c@final", "tank/d@final", "tank/d"].map { "cannot open '\($0)': dataset does not exist\n" }
        let host = FakeZFS(
            .fails(
                missing.joined(),
                output: line("tank/a@final", "-", "-") + line("tank/b@final", "true", "local")
                    + line("tank/a", "-", "-")
                    + line("tank/b", "true", "local") + line("tank/c", "-", "-")))
        let names = try ["a", "b", "c", "d"].map { try dataset("tank/\($0)") }
        let found = try await host.zfs.ofNoMachines("final", of: names)
        #expect(try found.snapshots == [snapshot("tank/a@final")])
        #expect(found.datasets == Set(names.prefix(3)))
    }

    @Test(arguments: ["tank/a@final\n", "", "true\n", "tank/a@final\timgadm:machine\tlocal\ttrue\n"])
    func whatIsNoLineIsNoMark(text: String) async throws {
        #expect(try await FakeZFS(.prints(text)).zfs.ofMachines([snapshot("tank/a@final")]).isEmpty)
    }

    /// The value of a property may hold tabs and line breaks: it says nothing of another dataset, nor of one that is not there.
    @Test(arguments: ["imgadm:own", "imgadm:ignore", "imgadm:volmode", "mountpoint"])
    func aValueSaysNothingOfOthers(property: String) async throws {
        func forged(_ name: String) -> String {
            [
                ("guid", "5"), ("type", "filesystem"), ("origin", "tank@x"), ("imgadm:own", "true"),
                ("imgadm:machine", "true"),
            ]
            .map { "\(name)\t\($0.0)\tlocal\t\($0.1)\t\(name)\n" }.joined()
        }
        for name in ["tank/victim", "tank/none", "tank/victim@final", "tank/mine"] {
            for value in ["x\n\(forged(name))", "x\ttank/mine\n\(forged(name))tank/mine\t\(property)\tlocal\tx"] {
                let pool = TextPool([
                    "tank/mine": [property: value, "imgadm:machine": value], "tank/victim": ["guid": "17"],
                    "tank/victim@final": ["guid": "18"],
                ])
                let (mine, victim, none) = try (dataset("tank/mine"), dataset("tank/victim"), dataset("tank/none"))
                let final = try snapshot("tank/victim@final")
                let found = try await pool.host.zfs.lookUp([mine, victim, none], [final])
                #expect(try found.guid(of: victim) == 17 && found.guid(of: final) == 18, "\(value)")
                #expect(
                    found.dataset(victim)?.origin == nil && found.dataset(none) == nil && found.dataset(mine) != nil)
                #expect(try found.guid(of: none) == nil && found.guid(of: mine) == 1)
                #expect(!found.isOwn(victim) && !found.isOwn(mine) && !found.isOwn(none))
                #expect(try await pool.host.zfs.hidden([mine, victim, none]) == [])
                let other = try snapshot("tank/mine@final")
                let marked = TextPool([
                    "tank/mine@final": ["imgadm:machine": value.replacing("tank/mine", with: "tank/mine@final")],
                    "tank/victim@final": ["imgadm:machine": "-"],
                ])
                #expect(try await marked.host.zfs.ofMachines([other, final]).isEmpty)
            }
        }
    }

    /// Its own value counts as it is, whatever else the dataset has.
    @Test func aDatasetWithLineBreaksIsKnown() async throws {
        let pool = TextPool(["tank/a": ["imgadm:ignore": "yes", "mountpoint": "/a\tb\n\nc\n", "imgadm:volmode": "\n"]])
        let found = try #require(try await pool.host.zfs.dataset(dataset("tank/a")))
        #expect(found.isIgnored && found.mountpoint == "/a\tb\n\nc\n")
    }

    @Test(arguments: ["-", "", "0x11", "18446744073709551616", "-1"])
    func aGuidThatIsNoNumberIsAnError(value: String) async throws {
        let host = FakeZFS(.prints(LookUpTests.lines("tank/a", [("type", "filesystem"), ("guid", value)])))
        let found = try await host.zfs.lookUp([dataset("tank/a")])
        #expect(throws: Failure.self) { try found.guid(of: dataset("tank/a")) }
    }

    @Test(arguments: [
        ("filesystem", "no", "on", "/tank/a", "-", true), ("filesystem", "yes", "on", "/tank/a", "-", false),
        ("filesystem", "no", "off", "/tank/a", "-", false), ("filesystem", "no", "noauto", "/tank/a", "-", false),
        ("filesystem", "no", "on", "none", "-", false), ("filesystem", "no", "on", "legacy", "dev", false),
        ("volume", "-", "-", "-", "-", false), ("volume", "-", "-", "-", "dev", true),
    ])
    func whatMayBeHidden(
        type: String, mounted: String, canmount: String, mountpoint: String, mode: String, isHidden: Bool
    ) async throws {
        let values = [
            ("type", type), ("mounted", mounted), ("canmount", canmount), ("mountpoint", mountpoint),
            ("imgadm:volmode", mode),
        ]
        let found = try await FakeZFS(.prints(LookUpTests.lines("tank/a", values))).zfs.lookUp([dataset("tank/a")])
        #expect(try found.mayBeHidden(dataset("tank/a")) == isHidden)
    }

    /// Only where every complaint is of something missing, and there is one, was the question answered.
    static let failures: [(CommandOutcome.Ending, String)] = [
        (.exited(1), ""), (.exited(1), "\n"), (.exited(1), "internal error\n"),
        (.exited(1), "cannot open 'tank/a': dataset does not exist\ncannot open 'tank/a@final': I/O error\n"),
        (.exited(1), "cannot open 'tank/a': I/O error\ncannot open 'tank/a@final': dataset does not exist\n"),
        (.exited(1), "dataset does not exist, or worse\n"),
        (.exited(2), "cannot open 'tank/a': dataset does not exist\n"),
        (.signaled(9), "cannot open 'tank/a': dataset does not exist\n"), (.signaled(11), ""),
    ]

    @Test(arguments: failures)
    func anyOtherFailureIsOne(ending: CommandOutcome.Ending, complaint: String) async throws {
        let outcome = CommandOutcome(ending: ending, output: Array(LookUpTests.datasetLines.utf8), errorText: complaint)
        let name = try dataset("tank/a")
        let wanted = try [snapshot("tank/a@final")]
        let one = await #expect(throws: ZFSError.self) { try await FakeZFS(outcome).zfs.dataset(name) }
        #expect(one?.message == "cannot look up \"tank/a\"")
        let many = await #expect(throws: ZFSError.self) { try await FakeZFS(outcome).zfs.existing(wanted) }
        #expect(many?.message == "cannot look up snapshots")
    }

    @Test func thoseOfManySnapshotsThatExist() async throws {
        let wanted = try [snapshot("tank/a@final"), snapshot("tank/b@final"), snapshot("tank/c@final")]
        let host = FakeZFS(
            .fails(
                "cannot open 'tank/b@final': dataset does not exist\n", output: "tank/c@final\nodd\ntank/a@final\n"))
        #expect(try await host.zfs.existing(wanted) == [wanted[0], wanted[2]])
    }

    @Test func withoutSnapshotsNothingIsAsked() async throws {
        let host = FakeZFS(.fails("usage\n", status: 2))
        #expect(try await host.zfs.existing([]) == [])
        #expect(host.calls == [])
    }

    /// More names than a vector of arguments holds.
    @Test func manySnapshotsAreAskedForInSeveralCallsEachOnce() async throws {
        let long = String(repeating: "x", count: 240)
        let wanted = try (100_000..<104_000).map { try snapshot("tank/\(long)@\($0)") }
        // Behind the options of each call stand the names.
        let host = FakeZFS { command, _ in .prints(command.arguments.dropFirst(6).joined(separator: "\n")) }
        #expect(try await host.zfs.existing(wanted) == Set(wanted))
        let names = host.calls.flatMap { $0.dropFirst(7) }
        #expect(names.sorted() == wanted.map(\.description))
        let sizes = host.calls.map { words in words.reduce(0) { $0 + $1.utf8.count + 9 } }
        #expect(sizes.count > 1 && sizes.allSatisfy { $0 < 1 << 20 })
    }

    @Test(arguments: [(999, 1), (1000, 2), (1001, 2)])
    func aThousandSnapshotsAreAskedForInTwoCallsSideBySide(count: Int, calls: Int) async throws {
        let wanted = try (0..<count).map { try snapshot("tank/\($0)@final") }
        let host = FakeZFS { command, _ in .prints(command.arguments.dropFirst(6).joined(separator: "\n")) }
        #expect(try await host.zfs.existing(wanted) == Set(wanted))
        #expect(host.calls.count == calls)
        #expect(host.calls.flatMap { $0.dropFirst(7) }.sorted() == wanted.map(\.description).sorted())
    }
}
