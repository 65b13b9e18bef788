import Failure
import ImageModel
import JSON
import TestPools
import Testing

@testable import ImageTool

/// The road of an image, from a server or a file to a pool, on a ZFS that behaves.
@Suite struct RoadTests {
    /// Of a chain of three, what is there before.
    static let there: [[Int]] = [[], [0], [0, 1], [0, 1, 2]]

    @Test(arguments: there) func aChainComesWithWhatIsMissingOfIt(there: [Int]) async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        for place in there { try await host.install(chain[place]) }
        try await host.importImage(chain[2].manifest.uuid)
        #expect(try host.state() == ToolHost.state(with: chain))
        #expect(host.liesOnEachOther(chain))
        #expect(host.server.fetched == Set(chain.enumerated().filter { !there.contains($0.0) }.map(\.1.manifest.uuid)))
    }

    /// A second import changes nothing.
    @Test func whatIsThereStaysAsItIs() async throws {
        let host = try ToolHost()
        let image = try host.chain(of: 1)[0]
        try await host.importImage(image.manifest.uuid)
        let (state, changes) = (try host.state(), host.host.pools.changes)
        try await host.importImage(image.manifest.uuid)
        #expect(try host.state() == state && host.host.pools.changes == changes)
    }

    /// How the file of an image may be another than its manifest says.
    static let damages: [(what: String, damage: @Sendable ([UInt8]) -> [UInt8])] = [
        ("other bytes", { $0.dropLast() + [$0[$0.count - 1] ^ 1] }),
        ("cut", { Array($0.dropLast()) }),
        ("longer", { $0 + [0] }),
        ("nothing", { _ in [] }),
        ("no stream", { [UInt8](repeating: 7, count: $0.count) }),
    ]

    /// The images below it, which were in order, are there; with the next import, only it is fetched.
    @Test(arguments: damages.indices, [0, 1, 2])
    func ofAWrongFileNothingStays(row: Int, place: Int) async throws {
        let (what, damage) = RoadTests.damages[row]
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        let wrong = chain[place]
        host.server.add(wrong.manifest, file: damage(wrong.file))
        // How a stream begins is looked at before it is received; of the base, before it is here.
        let code: Failure.Code = place == 0 && what == "no stream" ? .invalidStream : .downloadError
        await expect(code, what) { try await host.importImage(chain[2].manifest.uuid) }
        #expect(!host.host.pools.names.contains { $0.contains("\(wrong.manifest.uuid)") }, "\(what)")
        #expect(try !host.host.records().contains { $0.contains("\(wrong.manifest.uuid)") }, "\(what)")
        host.server.add(wrong.manifest, file: wrong.file)
        try await host.importImage(chain[2].manifest.uuid)
        #expect(try host.state() == ToolHost.state(with: chain), "\(what)")
        #expect(host.liesOnEachOther(chain), "\(what)")
    }

    @Test(arguments: damages.indices) func ofAWrongFileOfThisHostNothingStays(row: Int) async throws {
        let (what, damage) = RoadTests.damages[row]
        let host = try ToolHost()
        let image = try TestVolume()
        let code: Failure.Code = what == "no stream" ? .invalidStream : .downloadError
        await expect(code, what) { try await host.install(image, file: damage(image.file)) }
        #expect(try host.state() == ToolHost.state(with: []), "\(what)")
        try await host.install(image)
        #expect(try host.state() == ToolHost.state(with: [image]), "\(what)")
    }

    @Test func aFileTakesItsOrigin() async throws {
        let host = try ToolHost()
        let base = try TestVolume()
        let top = try TestVolume(on: base)
        await expect(.originNotInstalled, "no origin") { try await host.install(top) }
        #expect(try host.state() == ToolHost.state(with: []))
        for image in [base, top] { try await host.install(image) }
        #expect(try host.state() == ToolHost.state(with: [base, top]))
        #expect(host.liesOnEachOther([base, top]))
    }

    /// What a run that was killed has left of an image is in nobody's way.
    @Test(arguments: [false, true]) func whatIsLeftOfAnEarlierRunGoes(isFile: Bool) async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 2)
        host.host.pools.edit { pools in
            for image in chain { pools.add("tank/\(image.manifest.uuid)-partial", volume: true) }
        }
        if isFile {
            for image in chain { try await host.install(image) }
        } else {
            try await host.importImage(chain[1].manifest.uuid)
        }
        #expect(try host.state() == ToolHost.state(with: chain))
    }

    /// A dataset that has the name of an image, and is none, is somebody's.
    @Test func somebodysDataIsNotTouched() async throws {
        let host = try ToolHost()
        let image = try host.chain(of: 1)[0]
        host.host.pools.edit { pools in
            pools.add("tank/\(image.manifest.uuid)")
            pools.set("imgadm:ignore", to: "true", of: "tank/\(image.manifest.uuid)")
        }
        let names = host.host.pools.names
        await expect(.datasetExists, "ignored") { try await host.importImage(image.manifest.uuid) }
        #expect(host.host.pools.names == names)
        #expect(try host.host.records().isEmpty)
    }
}
