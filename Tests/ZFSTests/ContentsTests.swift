import Failure
import Testing
import ZFS

/// What a dataset has, in one call that all kinds of ZFS know.
@Suite struct ContentsTests {
    private func lines(_ rows: [(name: String, guid: String, references: String, creation: String)]) -> String {
        rows.map { row in
            "\(row.name)\tguid\t\(row.guid)\n\(row.name)\tuserrefs\t\(row.references)\n\(row.name)\tcreation\t\(row.creation)\n"
        }.joined()
    }

    @Test func snapshotsComeInOrderAndWhatIsBelowIsNotItsOwn() async throws {
        let host = FakeZFS(
            .prints(
                lines([
                    ("tank/a", "1", "-", "100"), ("tank/a@z", "12", "0", "101"), ("tank/a@b", "13", "2", "101"),
                    ("tank/a@final", "14", "-", "100"), ("tank/a#mark", "12", "-", "101"),
                    ("tank/a/below", "15", "-", "102"), ("tank/a/below@final", "16", "0", "103"),
                ])))
        let contents = try await host.zfs.contents(of: dataset("tank/a"))
        #expect(contents.guid == 1 && contents.below.map(\.description) == ["tank/a/below"])
        #expect(contents.snapshots.map(\.name.name) == ["final", "z", "b"])
        #expect(
            contents.snapshots.map(\.guid) == [14, 12, 13] && contents.snapshots.map(\.isHeld) == [false, false, true])
        #expect(
            host.calls == [
                ["zfs", "get", "-Hp", "-r", "-o", "name,property,value", "guid,userrefs,creation", "tank/a"]
            ])
    }

    /// What cannot be read is not taken for nothing: something might be destroyed for that.
    @Test(arguments: [
        "", "tank/b\tguid\t1\n", "tank/a\tguid\t-\n", "tank/a\tguid\t99999999999999999999\n", "tank/a\tguid\n",
        "tank/a\tguid\t1\ntank/a@x\tguid\t-\n", "tank/a\tguid\t1\ntank/a@x\tuserrefs\t0\n", "tank/a\tguid\t1\n\t\t\n",
        "tank/a\tguid\t1\nta nk@@\tguid\t1\n",
    ])
    func whatCannotBeReadIsAnError(output: String) async throws {
        let host = FakeZFS(.prints(output))
        let failure = await #expect(throws: Failure.self) { try await host.zfs.contents(of: dataset("tank/a")) }
        #expect(failure?.code == .zfs)
    }
}
