import Failure
import Testing

@testable import ZFS

/// What `zfs get` prints.
@Suite struct PropertyTests {
    private func properties(_ text: String) async throws -> [ZFS.Property] {
        try await FakeZFS(.prints(text)).zfs.properties(["all"], of: dataset("tank/a"))
    }

    @Test func eachLineIsAProperty() async throws {
        let found = try await properties(
            """
            used\t-\t24576
            compression\tinherited from tank\tlz4
            org.example:note\tlocal\ttwo words
            quota\treceived\t1099511627776

            """)
        #expect(
            found == [
                ZFS.Property(name: "used", value: "24576", source: "-"),
                ZFS.Property(name: "compression", value: "lz4", source: "inherited from tank"),
                ZFS.Property(name: "org.example:note", value: "two words", source: "local"),
                ZFS.Property(name: "quota", value: "1099511627776", source: "received"),
            ])
    }

    @Test(
        arguments: [
            ("a:b\tlocal\t", [""]), ("a:b\tlocal\tx\ty", ["x\ty"]), ("a:b\tlocal\tx\t", ["x\t"]), ("a:b\tlocal", []),
            ("a:b", []), ("", []), ("a:b\tlocal\tone\ntwo", ["one"]), ("a:b local value", []),
            ("a:b\tlocal\t世界", ["世界"]),
        ] as [(String, [String])])
    func anOddLineHasItsValueOrIsPassedOver(text: String, values: [String]) async throws {
        #expect(try await properties("\(text)\n").map(\.value) == values)
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("9223372036854775808", 9_223_372_036_854_775_808),
            ("18446744073709551615", UInt64.max), ("18446744073709551616", nil),
            ("100000000000000000000000000", nil), ("-1", nil), ("12.3G", nil), ("1e3", nil), ("0x10", nil), (" 7", nil),
            ("-", nil), ("none", nil), ("", nil),
        ] as [(String, UInt64?)])
    func theSpaceOfAPoolIsANumberOrUnknown(value: String, bytes: UInt64?) async throws {
        let found = try await FakeZFS(.prints("tank\tavailable\t-\t\(value)\ttank\n")).zfs.lookUp([dataset("tank")])
        #expect(try found.available(in: dataset("tank")) == bytes)
    }

    @Test(arguments: [
        "", "tank\n", "tank\tavailable\n", "other\tavailable\t-\t1\tother\n", "tank\tused\t-\t1\ttank\n",
        "tank\tavailable\t-\t1\n", "tank\tavailable\t-\t1\ttan\n",
    ])
    func withoutAnAnswerTheSpaceIsUnknown(text: String) async throws {
        let found = try await FakeZFS(.prints(text)).zfs.lookUp([dataset("tank")])
        #expect(try found.available(in: dataset("tank")) == nil)
    }

    @Test(arguments: ["cannot open 'tank': dataset does not exist\n", "cannot open 'tank': no such pool\n"])
    func aPoolThatIsNotThereIsSaidSo(complaint: String) async throws {
        let host = FakeZFS(.fails(complaint))
        let failure = await #expect(throws: Failure.self) { try await host.zfs.datasets(in: pool("tank")) }
        #expect(failure?.code == .poolNotFound && failure?.message == "there is no zpool \"tank\"")
        #expect(failure?.hint?.contains("-P") == true)
    }

    @Test func aPoolThatIsForbiddenIsThereAllTheSame() async throws {
        let host = FakeZFS(.fails("cannot open 'tank': permission denied\n"))
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.datasets(in: pool("tank")) }
        #expect(failure?.code == .permissionDenied)
    }

    @Test func propertiesOfADatasetThatIsNotThere() async throws {
        let host = FakeZFS(.fails("cannot open 'tank/a': dataset does not exist\n"))
        let failure = await #expect(throws: ZFSError.self) {
            try await host.zfs.properties(["all"], of: dataset("tank/a"))
        }
        #expect(failure?.code == .datasetNotFound)
    }

    @Test(
        arguments: [
            ("mounted\t-\tyes\nmountpoint\tdefault\t/tank/a\n", "/tank/a"),
            ("mountpoint\tlocal\t/some where\nmounted\t-\tyes\n", "/some where"),
            ("mounted\t-\tno\nmountpoint\tdefault\t/tank/a\n", nil), ("mounted\t-\t-\nmountpoint\t-\t-\n", nil),
            ("mountpoint\tdefault\t/tank/a\n", nil), ("mounted\t-\tyes\n", nil), ("", nil),
        ] as [(String, String?)])
    func aFileSystemIsWhereItIsMounted(text: String, path: String?) async throws {
        #expect(try await FakeZFS(.prints(text)).zfs.mountedPath(of: dataset("tank/a")) == path)
    }
}
