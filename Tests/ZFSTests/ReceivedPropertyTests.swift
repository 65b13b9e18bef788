import Failure
import Testing
import ZFS

/// Properties that came with a stream from elsewhere are taken away, and no others.
@Suite struct ReceivedPropertyTests {
    private static let question = ["zfs", "get", "-Hp", "-o", "property,source,value", "all", "tank/a"]

    @Test(arguments: [
        "mountpoint", "sharenfs", "sharesmb", "compression", "atime", "setuid", "exec", "devices", "readonly",
        "copies", "imgadm:ignore", "org.example:note",
    ])
    func whatIsInheritedIsInheritedAgain(property: String) async throws {
        let host = FakeZFS(.prints("\(property)\treceived\tsome value\n"), .prints(""))
        try await host.zfs.dropReceivedProperties(of: dataset("tank/a"))
        #expect(host.calls == [ReceivedPropertyTests.question, ["zfs", "inherit", property, "tank/a"]])
    }

    /// `zfs inherit` refuses these.
    @Test(arguments: [
        ("canmount", "on"), ("quota", "none"), ("refquota", "none"), ("reservation", "none"),
        ("refreservation", "none"),
    ])
    func whatCannotBeInheritedIsSet(property: String, standard: String) async throws {
        let host = FakeZFS(.prints("\(property)\treceived\t1048576\n"), .prints(""))
        try await host.zfs.dropReceivedProperties(of: dataset("tank/a"))
        #expect(host.calls == [ReceivedPropertyTests.question, ["zfs", "set", "\(property)=\(standard)", "tank/a"]])
    }

    @Test(arguments: ["-", "default", "local", "temporary", "inherited from received", "", "Received", "received "])
    func whatHasAnotherSourceStays(source: String) async throws {
        let host = FakeZFS(.prints("mountpoint\t\(source)\t/tank/a\nquota\t\(source)\treceived\n"))
        try await host.zfs.dropReceivedProperties(of: dataset("tank/a"))
        #expect(host.calls == [ReceivedPropertyTests.question])
    }

    @Test func allOfThemGo() async throws {
        let host = FakeZFS(
            .prints("used\t-\t1\natime\treceived\toff\nexec\tlocal\ton\nquota\treceived\t7\ndevices\treceived\toff\n"),
            .prints(""))
        try await host.zfs.dropReceivedProperties(of: dataset("tank/a"))
        #expect(
            host.calls.dropFirst() == [
                ["zfs", "inherit", "atime", "tank/a"], ["zfs", "set", "quota=none", "tank/a"],
                ["zfs", "inherit", "devices", "tank/a"],
            ])
    }

    @Test func oneThatCannotBeTakenAwayIsAFailure() async throws {
        let host = FakeZFS(
            .prints("atime\treceived\toff\nexec\treceived\ton\n"), .fails("cannot set property: permission denied\n"))
        let failure = await #expect(throws: Failure.self) {
            try await host.zfs.dropReceivedProperties(of: dataset("tank/a"))
        }
        #expect(failure?.code == .permissionDenied && failure?.message.contains("atime") == true)
        #expect(host.calls.count == 2)
    }
}
