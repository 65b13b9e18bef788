import Failure
import ImageModel
import ImageSource
import JSON
import TestPools
import Testing

@testable import ImageTool

/// What is judged before a byte of an image is fetched.
@Suite struct PlanTests {
    /// What is wrong with a chain of three, as the server has it.
    static let refused: [(what: String, code: Failure.Code, change: @Sendable (MemoryServer, [ImageUUID]) -> Void)] = [
        ("the image is not there", .activeImageNotFound, { $0.remove($1[2]) }),
        (
            "the image is not active", .imageNotActive,
            { server, uuids in server.edit(uuids[2]) { $0["state"] = "disabled" } }
        ),
        ("an origin is not there", .originNotFoundInSource, { $0.remove($1[0]) }),
        (
            "origins in a circle", .originCycle,
            { server, uuids in server.edit(uuids[0]) { $0["origin"] = .string("\(uuids[2])") } }
        ),
        (
            "an image on itself", .originCycle,
            { server, uuids in server.edit(uuids[0]) { $0["origin"] = .string("\(uuids[0])") } }
        ),
        (
            "an origin that is no UUID", .invalidManifest,
            { server, uuids in server.edit(uuids[0]) { $0["origin"] = "base" } }
        ),
        (
            "an origin of a kind that is not imported", .unsupportedImage,
            { server, uuids in server.edit(uuids[0]) { $0["type"] = "lxd" } }
        ),
        ("no file", .invalidManifest, { server, uuids in server.edit(uuids[1]) { $0["files"] = .array([]) } }),
        (
            "files of more bytes than there are numbers for", .invalidManifest,
            { server, uuids in for uuid in uuids[..<2] { server.edit(uuid) { set("size", .max, in: &$0) } } }
        ),
        ("a pool too small", .noSpace, { server, uuids in server.edit(uuids[0]) { set("size", 1 << 40, in: &$0) } }),
    ]

    private static func set(_ field: String, _ value: Int, in manifest: inout JSONObject) {
        guard var file = manifest["files"]?[0]?.objectValue else { return }
        file[field] = .number(JSONNumber(value))
        manifest["files"] = .array([.object(file)])
    }

    @Test(arguments: refused.indices) func whatCannotComeIsRefusedBeforeAByteIsFetched(row: Int) async throws {
        let (what, code, change) = PlanTests.refused[row]
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        change(host.server, chain.map(\.manifest.uuid))
        await expect(code, what) { try await host.importImage(chain[2].manifest.uuid) }
        #expect(host.server.fetched.isEmpty, "\(what)")
        #expect(host.host.pools.changes == 0, "\(what)")
        #expect(try host.state() == ToolHost.state(with: []), "\(what)")
    }

    /// An origin that is there is not asked about.
    @Test func whatIsThereNeedNotBeAtTheSource() async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        for image in chain[..<2] {
            try await host.install(image)
            host.server.remove(image.manifest.uuid)
        }
        try await host.importImage(chain[2].manifest.uuid)
        #expect(try host.state() == ToolHost.state(with: chain))
    }

    /// It says the same, and does nothing.
    @Test(arguments: [0, 1, 2]) func aRehearsalChangesNothing(installed: Int) async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        for image in chain[..<installed] { try await host.install(image) }
        let (state, changes) = (try host.state(), host.host.pools.changes)
        let report = host.report
        try await host.tool.rehearsing.importImage(
            ImportRequest(uuid: chain[2].manifest.uuid, pool: host.host.pool), report)
        #expect(try host.state() == state && host.host.pools.changes == changes && host.server.fetched.isEmpty)
        let planned = report.results.results.filter(\.isPlanned).compactMap(\.uuid)
        #expect(planned == chain[installed...].map(\.manifest.uuid))
    }

    /// Of a chain of three, what is planned, child first, and how large it is.
    @Test(arguments: [0, 1, 2]) func aPlanIsWhatIsMissing(installed: Int) async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        for image in chain[..<installed] { try await host.install(image) }
        let changes = host.host.pools.changes
        let plan = try await host.plan(chain[2])
        let missing = chain[installed...]
        #expect(plan.chain.map(\.uuid) == missing.reversed().map(\.manifest.uuid))
        #expect(try plan.size == missing.reduce(0) { $0 + Int64($1.file.count) })
        // A base, which is the largest, is not written twice; what builds on an image that is there need not be fetched twice.
        #expect(try plan.goesStraight(beside: host.tool.downloads) == (installed == 0))
        #expect(host.host.pools.changes == changes && host.server.fetched.isEmpty)
    }

    @Test func whatHasNoRoomIsRefused() async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 2)
        let plan = try await host.plan(chain[1])
        let size = UInt64(chain[0].file.count + chain[1].file.count)
        for room in [nil, size, .max] as [UInt64?] {
            #expect(try await plan.checkRoom(room, on: host.host.pool, of: host.tool) == nil)
        }
        for room in [0, size - 1] {
            await expect(.noSpace, "\(room)") { _ = try await plan.checkRoom(room, on: host.host.pool, of: host.tool) }
        }
    }

    /// What the manifests say of the files does not apply to streams as they are.
    @Test func aRawStreamIsNotHeldToTheManifest() async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 2)
        let plan = try await host.plan(chain[1], isRawStream: true)
        #expect(plan.chain.count == 2)
        #expect(plan.chain.allSatisfy { !$0.check.isStrong && $0.check.size == nil })
        #expect(try plan.size == nil)
    }
}
