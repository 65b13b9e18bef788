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

    @Test(arguments: [1, 999, 1000, 1001, 2500])
    func manyDatasetsAreAskedAboutInSeveralCallsEachOnce(count: Int) async throws {
        let names = try (0..<count).map { try dataset("tank/\($0)") }
        // Behind the options of each call stand the names.
        let host = FakeZFS { command, _ in
            .prints(command.arguments.dropFirst(5).map { "\($0)\tused\t7\n" }.joined())
        }
        let found = try await host.zfs.numbers("used", of: names)
        #expect(Set(found.keys) == Set(names) && found.values.allSatisfy { $0 == 7 })
        #expect(host.calls.flatMap { $0.dropFirst(6) } == names.map(\.description))
        #expect(host.calls.count == (count + 999) / 1000)
    }

    @Test func oneDatasetThatIsMissingIsAFailure() async throws {
        let host = FakeZFS(.fails("cannot open 'tank/b': dataset does not exist\n", output: "tank/a\tused\t1\n"))
        let names = try [dataset("tank/a"), dataset("tank/b")]
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.numbers("used", of: names) }
        #expect(failure?.code == .datasetNotFound && failure?.message == "cannot read \"used\" of datasets")
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
