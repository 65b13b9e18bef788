import Testing

@testable import ZFS

/// What `zfs` is called with, word by word: options that all the kinds of ZFS have, and never a shell.
@Suite struct OperationTests {
    private static let columns = "name,type,origin,guid,mountpoint,imgadm:ignore,name"

    /// Does the work on a host where everything succeeds, by one command.
    private func check(
        _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
        by work: (ZFS) async throws -> Void
    ) async throws {
        let host = FakeZFS(.prints(""))
        try await work(host.zfs)
        #expect(host.calls == [["zfs"] + words], sourceLocation: sourceLocation)
    }

    @Test func renaming() async throws {
        try await check("rename", "tank/a", "tank/b") { try await $0.rename(dataset("tank/a"), to: dataset("tank/b")) }
        try await check("rename", "tank/a@x", "tank/a@final") {
            try await $0.rename(snapshot("tank/a@x"), to: snapshot("tank/a@final"))
        }
    }

    /// Never `-R`, which would take the clones as well: VMs; nor `-r`, which takes what somebody has put there meanwhile.
    @Test func destroyingTakesNothingElse() async throws {
        try await check("destroy", "tank/a") { try await $0.destroy(dataset("tank/a")) }
        try await check("destroy", "tank/a@final") { try await $0.destroy(snapshot("tank/a@final")) }
    }

    @Test func mountingAndUnmounting() async throws {
        try await check("mount", "tank/a") { try await $0.mount(dataset("tank/a")) }
        try await check("unmount", "tank/a") { try await $0.unmount(dataset("tank/a")) }
        try await check("unmount", "tank/a") { try await $0.unmountWhenFree(dataset("tank/a")) }
    }

    @Test func making() async throws {
        try await check("create", "tank/a") { try await $0.create(dataset("tank/a")) }
        try await check("snapshot", "tank/a@final") { try await $0.snapshot(snapshot("tank/a@final")) }
        try await check("clone", "tank/a@final", "tank/b") {
            try await $0.clone(snapshot("tank/a@final"), to: dataset("tank/b"))
        }
    }

    /// Not mounted: a stream from elsewhere has no say in where.
    @Test func receiving() async throws {
        try await check("receive", "-u", "tank/a-partial@final") { zfs in
            try await zfs.receive(snapshot("tank/a-partial@final")) { input in try input.write([1]) }
        }
    }

    @Test func receivingWithProperties() async throws {
        try await check(
            "receive", "-u", "-o", "origin=tank/b@final", "-o", "setuid=off", "-o", "devices=off",
            "tank/a-partial@final"
        ) { zfs in
            try await zfs.receive(
                snapshot("tank/a-partial@final"), cloneOf: snapshot("tank/b@final"),
                [("setuid", "off"), ("devices", "off")]
            ) { input in try input.write([1]) }
        }
    }

    @Test(arguments: [
        ("2.1.11-1+deb12u1\n", true), ("0.8.3-1ubuntu12\n", true), ("10.0", true), ("0.7.13-1\n", false),
        ("0.6.5.11", false), ("", false), ("unknown-8.9", false), ("2", false),
    ]) func openZFSSaysByItsVersionWhatItCan(version: String, can: Bool) {
        #expect(ZFS.takesProperties(version: version) == can)
    }

    @Test func listingDatasets() async throws {
        let columns = OperationTests.columns
        try await check("list", "-H", "-t", "filesystem,volume", "-o", columns) { _ = try await $0.datasets() }
        try await check("list", "-H", "-r", "-t", "filesystem,volume", "-o", columns, "tank") {
            _ = try await $0.datasets(in: pool("tank"))
        }
        try await check("list", "-H", "-r", "-t", "filesystem,volume", "-o", columns, "tank/a") {
            _ = try await $0.datasets(below: dataset("tank/a"))
        }
    }

    private static let lookedUp =
        "origin,guid,available,used,volsize,type,mounted,canmount,mountpoint,imgadm:volmode,imgadm:ignore,imgadm:own"

    @Test func lookingUp() async throws {
        let properties = OperationTests.lookedUp
        try await check("get", "-Hp", "-o", "name,property,source,value,name", properties, "tank/a") {
            _ = try await $0.dataset(dataset("tank/a"))
        }
        try await check(
            "get", "-Hp", "-o", "name,property,source,value,name", properties, "tank", "tank/a", "tank/a@final"
        ) {
            _ = try await $0.lookUp([dataset("tank"), dataset("tank/a")], [snapshot("tank/a@final")])
        }
    }

    @Test func listingSnapshots() async throws {
        try await check(
            "list", "-H", "-r", "-d", "1", "-t", "snapshot", "-o", "name", "-s", "creation", "tank/a"
        ) { _ = try await $0.snapshots(of: dataset("tank/a")) }
        try await check(
            "list", "-H", "-r", "-d", "1", "-t", "snapshot", "-o", "name,userrefs", "-s", "creation", "tank/a", "tank/b"
        ) { _ = try await $0.snapshots(of: [dataset("tank/a"), dataset("tank/b")]) }
        try await check("list", "-H", "-t", "snapshot", "-o", "name", "tank/a@final", "tank/b@final") {
            _ = try await $0.existing([snapshot("tank/a@final"), snapshot("tank/b@final")])
        }
    }

    @Test func properties() async throws {
        try await check("get", "-Hp", "-o", "property,source,value", "quota,canmount", "tank/a") {
            _ = try await $0.properties(["quota", "canmount"], of: dataset("tank/a"))
        }
        try await check("get", "-Hp", "-o", "property,source,value", "mounted,mountpoint", "tank/a") {
            _ = try await $0.mountedPath(of: dataset("tank/a"))
        }
        try await check("inherit", "mountpoint", "tank/a") {
            try await $0.inherit("mountpoint", of: dataset("tank/a"))
        }
    }

    @Test func aNameWithBlanksIsOneWord() async throws {
        try await check("create", "my tank/a b:c") { try await $0.create(dataset("my tank/a b:c")) }
    }
}
