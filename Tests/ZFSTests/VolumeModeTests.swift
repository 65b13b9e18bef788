import Failure
import Host
import Synchronization
import Testing

@testable import ZFS

/// A deletion takes a volume's device away. What comes after it, whoever does it, finds the volume as it was.
@Suite(.timeLimit(.minutes(20))) struct VolumeModeTests {
    /// A `zfs` that keeps the properties of one volume.
    private func host(
        _ properties: [String: String], refusing refused: String? = nil, saying why: String = "out of luck"
    ) -> (FakeZFS, Properties) {
        let kept = Properties(properties)
        let host = FakeZFS { command, _ in
            let words = command.arguments
            if let refused, words.contains(refused) { return .fails("cannot do that: \(why)\n") }
            switch words.first {
            case "get":
                let name = words[words.count - 2]
                if let value = kept[name] { return .prints("\(name)\tlocal\t\(value)\n") }
                return .prints(name.contains(":") ? "\(name)\t-\t-\n" : "\(name)\tdefault\tdefault\n")
            case "set":
                let parts = words[1].split(separator: "=")
                kept[String(parts[0])] = String(parts[1])
            case "inherit": kept[words[1]] = nil
            default: break
            }
            return .prints("")
        }
        return (host, kept)
    }

    private func volume() throws -> Dataset {
        try #require(Dataset(line: Array("no-such-pool-here/a\tvolume\t-\t7\t-\t-\tno-such-pool-here/a".utf8)[...]))
    }

    @Test(
        arguments: [
            [:], ["volmode": "dev"], ["volmode": "default"], ["volmode": "geom", "imgadm:volmode": "full"],
        ] as [[String: String]])
    func whatADeletionTookIsGivenBack(before: [String: String]) async throws {
        let (host, kept) = host(before)
        let detachment = try await host.zfs.detach(volume(), snapshots: [])
        #expect(kept["volmode"] == "none")
        #expect(kept["imgadm:volmode"] == before["volmode"] ?? "inherited")
        try await host.zfs.attach(dataset("no-such-pool-here/a"), detachment)
        #expect(kept.all == before.filter { $0.key == "volmode" })
    }

    /// Killed before or after its last step: the next deletion takes up what the first has noted.
    @Test(arguments: ["dev", "inherited"])
    func theNoteOfAKilledDeletionStands(own: String) async throws {
        let (host, kept) = host(["volmode": "none", "imgadm:volmode": own])
        let detachment = try await host.zfs.detach(volume(), snapshots: [])
        #expect(kept.all == ["volmode": "none", "imgadm:volmode": own])
        try await host.zfs.attach(dataset("no-such-pool-here/a"), detachment)
        #expect(kept.all == (own == "inherited" ? [:] : ["volmode": own]))
    }

    @Test func theNoteIsWrittenFirstAndTakenAwayLast() async throws {
        let (host, _) = host(["volmode": "dev"])
        let zfs = host.zfs
        try await zfs.attach(dataset("no-such-pool-here/a"), zfs.detach(volume(), snapshots: []))
        let changes = host.calls.filter { ["set", "inherit"].contains($0[1]) }.map { $0[2] }
        #expect(changes == ["imgadm:volmode=dev", "volmode=none", "volmode=dev", "imgadm:volmode"])
    }

    @Test func anOperatorsNoneIsLeftAlone() async throws {
        let (host, kept) = host(["volmode": "none"])
        let detachment = try await host.zfs.detach(volume(), snapshots: [])
        #expect(detachment == .nothing)
        try await host.zfs.attach(dataset("no-such-pool-here/a"), .deviceless)
        #expect(kept.all == ["volmode": "none"])
        #expect(try await !host.zfs.deviceWasTaken(from: dataset("no-such-pool-here/a")))
    }

    @Test func aModeThatWasChosenSinceStays() async throws {
        let (host, kept) = host(["volmode": "full", "imgadm:volmode": "dev"])
        try await host.zfs.attach(dataset("no-such-pool-here/a"), .deviceless)
        #expect(kept.all == ["volmode": "full"])
    }

    @Test(arguments: ["", "off", "x=y", "dev\tx", "-o"])
    func aNoteOfOthersMeansInherited(value: String) async throws {
        let (host, kept) = host(["volmode": "none", "imgadm:volmode": value])
        try await host.zfs.attach(dataset("no-such-pool-here/a"), .deviceless)
        #expect(kept.all.isEmpty)
    }

    @Test func theNoteOfADatasetAboveIsNone() async throws {
        let host = FakeZFS(.prints("imgadm:volmode\tinherited from tank\tdev\n"))
        #expect(try await !host.zfs.deviceWasTaken(from: dataset("tank/a")))
    }

    @Test func whereTheDeviceStaysNoNoteDoes() async throws {
        let (host, kept) = host(["volmode": "dev"], refusing: "volmode=none")
        await #expect(throws: ZFSError.self) { try await host.zfs.detach(volume(), snapshots: []) }
        #expect(kept.all == ["volmode": "dev"])
    }

    /// A full pool gets room by deletions alone.
    @Test(arguments: ["imgadm:volmode=dev", "volmode=none"]) func whereThereIsNoRoomTheDeviceStays(_ refused: String)
        async throws
    {
        let (host, kept) = host(["volmode": "dev"], refusing: refused, saying: "out of space")
        #expect(try await host.zfs.detach(volume(), snapshots: []) == .nothing)
        #expect(kept.all == ["volmode": "dev"])
    }

    @Test func aZFSWithoutTheProperty() async throws {
        let host = FakeZFS { command, _ in
            command.arguments.contains("volmode")
                ? .fails("bad property list: invalid property 'volmode'\n") : .prints("")
        }
        #expect(try await host.zfs.detach(volume(), snapshots: []) == .nothing)
    }
}

/// Properties that a test's `zfs` keeps.
private final class Properties: Sendable {
    private let values: Mutex<[String: String]>

    init(_ values: [String: String]) { self.values = Mutex(values) }

    subscript(name: String) -> String? {
        get { values.withLock { $0[name] } }
        set { values.withLock { $0[name] = newValue } }
    }

    var all: [String: String] { values.withLock { $0 } }
}
