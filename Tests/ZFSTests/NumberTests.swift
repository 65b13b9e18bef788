import Failure
import Host
import Testing
import ZFS

/// Numbers of many datasets, and what tells a snapshot from all others.
@Suite struct NumberTests {
    @Test func severalDatasetsAreAskedAboutInOneCall() async throws {
        let host = FakeZFS(.prints("tank/a\t24576\ntank/b c\t18446744073709551615\n"))
        let names = try [dataset("tank/a"), dataset("tank/b c")]
        let found = try await host.zfs.numbers("used", of: names)
        let expected: [DatasetName: UInt64] = [names[0]: 24_576, names[1]: .max]
        #expect(found == expected)
        #expect(host.calls == [["zfs", "get", "-Hp", "-o", "name,value", "used", "tank/a", "tank/b c"]])
    }

    @Test(arguments: [
        "tank/a\t-", "tank/a\t", "tank/a", "", "tank/a\t12.3G", "tank/a\t-1", "tank/a\t18446744073709551616",
        "tank/a\t1\t2", "tank//a\t1", "-r\t1", "tank/a 1", "tank/a@final\t1",
    ])
    func anOddLineIsNoNumber(line: String) async throws {
        let host = FakeZFS(.prints("\(line)\ntank/b\t7\n"))
        let names = try [dataset("tank/a"), dataset("tank/b")]
        let found = try await host.zfs.numbers("creation", of: names)
        let expected: [DatasetName: UInt64] = [names[1]: 7]
        #expect(found == expected)
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
            .prints(command.arguments.dropFirst(5).map { "\($0)\t7\n" }.joined())
        }
        let found = try await host.zfs.numbers("used", of: names)
        #expect(Set(found.keys) == Set(names) && found.values.allSatisfy { $0 == 7 })
        #expect(host.calls.flatMap { $0.dropFirst(6) } == names.map(\.description))
        #expect(host.calls.count == (count + 999) / 1000)
    }

    @Test func oneDatasetThatIsMissingIsAFailure() async throws {
        let host = FakeZFS(.fails("cannot open 'tank/b': dataset does not exist\n", output: "tank/a\t1\n"))
        let names = try [dataset("tank/a"), dataset("tank/b")]
        let failure = await #expect(throws: Failure.self) { try await host.zfs.numbers("used", of: names) }
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
}
