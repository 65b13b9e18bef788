import ImageModel
import TestPools
import Testing

@testable import ImageStore

/// What counts as an image (state.md, "Datasets").
@Suite struct InventoryTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var name = "tank/\(InventoryTests.uuid)"
        var isClone = false
        var snapshots = ["final"]
        var properties: [String: String] = [:]
        let isImage: Bool
    }

    static let uuid = "0a0a0a0a-1111-4222-8333-444444444444"

    static let rows: [Row] = [
        Row(testDescription: "a dataset with @final", isImage: true),
        Row(testDescription: "one without", snapshots: [], isImage: true),
        Row(testDescription: "a clone of an image, with @final", isClone: true, isImage: true),
        Row(
            testDescription: "a clone of an image, without: a VM", isClone: true, snapshots: ["backup"], isImage: false),
        Row(testDescription: "another name", name: "tank/data", isImage: false),
        Row(testDescription: "one that is coming or going", name: "tank/\(uuid)-partial", isImage: false),
        Row(testDescription: "below another dataset", name: "tank/vms/\(uuid)", isImage: false),
        Row(testDescription: "of another pool", name: "other/\(uuid)", isImage: false),
        Row(testDescription: "one that is to be ignored", properties: ["imgadm:ignore": "true"], isImage: false),
        Row(testDescription: "one that is not ignored", properties: ["imgadm:ignore": "false"], isImage: true),
    ]

    @Test(arguments: rows)
    func isOne(_ row: Row) async throws {
        let host = try MemoryHost()
        let base = ImageUUID()
        host.pools.edit { pools in
            pools.add("tank/\(base)")
            pools.add(row.name, cloneOf: row.isClone ? "tank/\(base)@final" : nil, snapshots: row.snapshots)
            for (name, value) in row.properties { pools.set(name, to: value, of: row.name) }
        }
        let before = host.pools.names
        let uuid = try #require(ImageUUID(Self.uuid))
        #expect(try await host.images() == (row.isImage ? [base, uuid] : [base]))
        // A single image is found by the same rules.
        #expect(try await (host.store.image(uuid, in: host.pool) != nil) == row.isImage)
        #expect(host.pools.names == before && host.pools.changes == 0)
    }

    /// What nothing builds on may go first; what something else is a clone of, or lies below, stays, and all that it builds on.
    @Test func whatIsUnusedIsTheWholeOfAChainOrItsEnd() async throws {
        let host = try MemoryHost()
        let base = try TestVolume()
        let middle = try TestVolume(on: base)
        let top = try TestVolume(on: middle)
        let other = try TestVolume()
        for image in [base, middle, top, other] { try await host.install(image) }
        func unused() async throws -> [ImageUUID] {
            try await host.store.unused(in: host.pool) { images in Set(images.map(\.id)) }.unused.map(\.image.uuid)
        }
        let all = try await unused()
        #expect(Set(all) == Set([base, middle, top, other].map(\.manifest.uuid)))
        #expect(all.filter { $0 != other.manifest.uuid } == [top, middle, base].map(\.manifest.uuid))
        host.pools.edit { $0.add("tank/vm", cloneOf: "tank/\(middle.manifest.uuid)@final", snapshots: []) }
        #expect(try await Set(unused()) == [top.manifest.uuid, other.manifest.uuid])
        host.pools.edit { $0.add("tank/\(top.manifest.uuid)/data", snapshots: []) }
        #expect(try await unused() == [other.manifest.uuid])
    }
}
