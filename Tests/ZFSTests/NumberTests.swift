import Failure
import Host
import Testing
import ZFS

/// Numbers of many datasets, and what tells a snapshot from all others.
@Suite struct NumberTests {
    @Test func severalDatasetsAreAskedAboutInOneCall() async throws {
        let host = FakeZFS(.prints("tank/a\tused\t24576\ntank/b c\tused\t18446744073709551615\n"))
        let names = try [dataset("tank/a"), dataset("tank/b c")]
        let found = try await host.zfs.numbers("used", of: names)
        let expected: [DatasetName: UInt64] = [names[0]: 24_576, names[1]: .max]
        #expect(found == expected)
        #expect(host.calls == [["zfs", "get", "-Hp", "-o", "name,property,value", "used", "tank/a", "tank/b c"]])
    }

    @Test(arguments: [
        "tank/a\tcreation\t-", "tank/a\tcreation\t", "tank/a\tcreation", "tank/a", "", "tank/a\tcreation\t12.3G",
        "tank/a\tcreation\t-1", "tank/a\tcreation\t18446744073709551616", "tank/a\tcreation\t1\t2",
        "tank//a\tcreation\t1",
        "-r\tcreation\t1", "tank/a creation 1", "tank/a@final\tcreation\t1", "tank/a\tused\t5",
    ])
    func anOddLineIsNoNumber(line: String) async throws {
        let host = FakeZFS(.prints("\(line)\ntank/b\tcreation\t7\n"))
        let names = try [dataset("tank/a"), dataset("tank/b")]
        let found = try await host.zfs.numbers("creation", of: names)
        let expected: [DatasetName: UInt64] = [names[1]: 7]
        #expect(found == expected)
    }

    @Test func severalPropertiesComeInOneCall() async throws {
        let host = FakeZFS(.prints("tank/a\tused\t5\ntank/a\treferenced\t7\ntank/b\tused\t-\n"))
        let names = try [dataset("tank/a"), dataset("tank/b")]
        let found = try await host.zfs.numbers(["used", "referenced"], of: names)
        #expect(found[names[0]] == ["used": 5, "referenced": 7] && found[names[1]]?.isEmpty ?? true)
        #expect(
            host.calls == [["zfs", "get", "-Hp", "-o", "name,property,value", "used,referenced", "tank/a", "tank/b"]])
    }

    @Test func withoutDatasetsNothingIsAsked() async throws {
        let host = FakeZFS(.fails("usage\n", status: 2))
        let found = try await host.zfs.numbers("used", of: [])
        #expect(found.isEmpty && host.calls.isEmpty)
    }

    /// More names than a vector of arguments holds.
    @Test(arguments: [1, 1001, 8000])
    func manyDatasetsAreAskedAboutInSeveralCallsEachOnce(count: Int) async throws {
        let long = String(repeating: "x", count: 200)
        let names = try (0..<count).map { try dataset("tank/\(long)\($0)") }
        // Behind the options of each call stand the names.
        let host = FakeZFS { command, _ in
            .prints(command.arguments.dropFirst(5).map { "\($0)\tused\t7\n" }.joined())
        }
        let found = try await host.zfs.numbers("used", of: names)
        #expect(Set(found.keys) == Set(names) && found.values.allSatisfy { $0 == 7 })
        #expect(host.calls.flatMap { $0.dropFirst(6) } == names.map(\.description))
        #expect((host.calls.count > 1) == (count > 4000))
    }

    /// It has gone meanwhile. Any other complaint is a failure.
    @Test func oneDatasetThatIsMissingIsLeftOut() async throws {
        let names = try [dataset("tank/a"), dataset("tank/b")]
        let missing = "cannot open 'tank/b': dataset does not exist\n"
        let host = FakeZFS(.fails(missing, output: "tank/a\tused\t1\n"))
        #expect(try await host.zfs.numbers("used", of: names) == [names[0]: 1])
        for complaint in ["cannot open 'tank/b': I/O error\n", "\(missing)cannot open 'tank/a': I/O error\n", ""] {
            let host = FakeZFS(.fails(complaint, output: "tank/a\tused\t1\n"))
            let failure = await #expect(throws: ZFSError.self) { try await host.zfs.numbers("used", of: names) }
            #expect(failure?.message == "cannot read \"used\" of datasets")
        }
    }

    /// Only what is told of both is compared.
    @Test func sizesAreComparedAsFarAsTheyAreThere() async throws {
        func line(_ name: String, _ size: String) -> String { "\(name)\treferenced\t-\t\(size)\t\(name)\n" }
        let host = FakeZFS(
            .fails(
                "cannot open 'tank/c': dataset does not exist\ncannot open 'tank/d@final': dataset does not exist\n",
                output: line("tank/a", "5") + line("tank/a@final", "5") + line("tank/b", "6")
                    + line("tank/b@final", "5")
                    + line("tank/c@final", "5") + line("tank/d", "5")))
        let finals = try ["a", "b", "c", "d"].map { try snapshot("tank/\($0)@final") }
        let differ = try await host.zfs.differInSize(from: finals)
        #expect(differ == [finals[0].dataset: false, finals[1].dataset: true])
        #expect(host.calls.count == 1)
        await #expect(throws: ZFSError.self) {
            try await FakeZFS(.fails("cannot open 'tank/a': I/O error\n")).zfs.differInSize(from: finals)
        }
    }

    @Test(
        arguments: [
            ("17837520932012446273\n", "17837520932012446273"), ("1\n2\n", "1"), ("", nil), ("\n", nil),
        ] as [(String, String?)])
    func theGuidOfASnapshotIsTextAsItStands(output: String, guid: String?) async throws {
        let host = FakeZFS(.prints(output))
        let found = try await host.zfs.guid(of: snapshot("tank/a@final"))
        #expect(found == guid)
        #expect(host.calls == [["zfs", "get", "-Hp", "-o", "value", "guid", "tank/a@final"]])
    }

    @Test func whatADatasetLiesIn() throws {
        #expect(try dataset("tank/a b/c/d").above.map(\.description) == ["tank/a b/c", "tank/a b", "tank"])
        #expect(try dataset("tank").above == [])
    }

    @Test(arguments: [
        ("tank/a/b", "tank/a", true), ("tank/a/b/c", "tank/a", true), ("tank/a", "tank/a", false),
        ("tank/ab", "tank/a", false), ("tank/a-partial", "tank/a", false), ("tank", "tank/a", false),
        ("other/a/b", "tank/a", false),
    ])
    func whatLiesBelowADataset(name: String, other: String, isBelow: Bool) throws {
        #expect(try dataset(name).isBelow(dataset(other)) == isBelow)
    }
}
