import Failure
import ImageModel
import JSON
import Testing

@Suite struct ImageDraftTests {
    private static let digest = ContentDigest(.sha256, of: Array("a file".utf8))
    private static let given = "5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001"
    private static let release = OSRelease(Array("ID=alpine\nVERSION_ID=3.22.1\nIMAGE_VERSION=9\n".utf8))

    @Test func aDiskHasWhatItsNameTells() throws {
        var draft = ImageDraft(.disk, fileName: "debian-13-genericcloud-amd64-20250814-2204.qcow2", fields: [])
        draft.size = 3 << 30 | 1
        let uuid = try #require(draft.uuid(Self.digest))
        let manifest = try draft.manifest(uuid)
        #expect(manifest.name == "debian-13-genericcloud" && manifest.version == "20250814-2204")
        #expect(manifest.type == "zvol" && manifest.json["os"] == "linux" && manifest.json["image_size"] == 3073)
        #expect(manifest.json["nic_driver"] == "virtio" && manifest.uuid == uuid)
        #expect(ContentUUID.derive(.disk, files: [Self.digest]) == uuid)
    }

    @Test func whatIsGivenCountsMore() throws {
        var draft = ImageDraft(
            .disk, fileName: "box.ova", manifest: ["name": "old", "description": "text"],
            fields: [("name", "new"), ("version", "1.0"), ("tags.team", "web"), ("disk_driver", "ide")])
        draft.size = 1
        draft.lastVersion = "20250814"
        let manifest = try draft.manifest(try #require(draft.uuid(Self.digest)))
        #expect(manifest.name == "new" && manifest.version == "1.0" && manifest.json["description"] == "text")
        #expect(manifest.json["tags"]?["team"] == "web" && manifest.json["disk_driver"] == "ide")
        #expect(manifest.json["os"] == "other" && manifest.json["image_size"] == 1)
        draft = ImageDraft(.disk, fileName: "x.raw", fields: [("uuid", .string(Self.given))])
        #expect(draft.uuid(nil)?.description == Self.given)
    }

    @Test func aRootHasWhatItsFilesSay() throws {
        var draft = ImageDraft(.root, fileName: "rootfs.tar.zst", fields: [])
        let provisional = try draft.provisionalManifest(.zero)
        #expect(provisional.name == "rootfs" && provisional.type == "lx-dataset")
        draft.release = Self.release
        let manifest = try draft.manifest(try #require(draft.uuid(Self.digest)))
        #expect(manifest.name == "alpine-3.22.1" && manifest.version == "9" && manifest.json["os"] == "linux")
        #expect(manifest.json["image_size"] == nil && manifest.json["nic_driver"] == nil)
        // The system's version is better than none, and worse than any that is the image's.
        draft.release = OSRelease(Array("ID=debian\nVERSION_ID=12\n".utf8))
        #expect(draft.json(uuid: nil)["name"] == "debian-12" && draft.json(uuid: nil)["version"] == "12")
        draft.lastVersion = "20250814"
        #expect(draft.json(uuid: nil)["version"] == "20250814")
        #expect(draft.uuid(Self.digest) != ImageDraft(.disk, fileName: "a", fields: []).uuid(Self.digest))
    }

    @Test func withoutTheFileThereIsNoUUID() {
        let draft = ImageDraft(.disk, fileName: "disk-1.raw", fields: [])
        #expect(draft.uuid(nil) == nil && draft.uuid(ContentDigest(.sha512, of: [])) == nil)
        #expect(draft.json(uuid: nil)["uuid"] == nil && draft.json(uuid: nil)["version"] == "1")
    }

    @Test func whatCannotBePutRightIsRefusedBeforehand() {
        let nameless = ImageDraft(.disk, fileName: "disk.raw", fields: [])
        #expect(throws: Failure.self) { try nameless.provisionalManifest(.zero) }
        let odd = ImageDraft(.disk, fileName: "disk-1.raw", fields: [("type", "lx-dataset")])
        #expect(throws: Failure.self) { try odd.provisionalManifest(.zero) }
        var sized = ImageDraft(.disk, fileName: "disk-1.raw", fields: [("image_size", "4")])
        for (size, isRight) in [
            (nil, true), (4 << 20, true), (3 << 20 | 1, true), (3 << 20, false), (4 << 20 | 1, false),
        ]
            as [(UInt64?, Bool)]
        {
            sized.size = size
            #expect((sized.shortcoming == nil) == isRight, "\(size ?? 0)")
        }
        let volume = ImageDraft(.root, fileName: "root-1.tar", fields: [("type", "zvol")])
        #expect(throws: Failure.self) { try volume.provisionalManifest(.zero) }
    }
}
