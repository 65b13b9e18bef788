import Crypto
public import ImageModel
import JSON
import RawBytes
import SendStream

/// An image of a volume, with its file.
public struct TestVolume {
    public let manifest: Manifest
    public let file: [UInt8]
    public let guid: UInt64

    /// Another file under the manifest of an image.
    ///
    /// - Parameter base: what the manifest says that it builds on.
    public init(of file: [UInt8], like image: TestVolume, on base: TestVolume) throws {
        self.file = file
        guid = image.guid
        var json = image.manifest.json
        json["uuid"] = .string(ImageUUID().description)
        json["origin"] = .string(base.manifest.uuid.description)
        manifest = try Manifest(json)
    }

    /// - Parameter base: what it builds on.
    public init(on base: TestVolume? = nil) throws {
        guid = UInt64.random(in: 1 ... .max)
        var snapshot = VolumeSnapshot(
            name: "images/a@final", guid: guid, created: 1_700_000_000, size: 1 << 20, blockSize: 8192)
        snapshot.origin = try base.map { .init(guid: $0.guid, size: try snapshot.volumeSize()) }
        var output = Bytes()
        var writer = try VolumeWriter(snapshot)
        try writer.begin(to: &output)
        let block = [UInt8](repeating: base == nil ? 1 : 2, count: 8192)
        try unsafe writer.write(block.span.bytes, at: 0, to: &output)
        try writer.finish(to: &output)
        try writer.end(to: &output)
        file = output.bytes
        var json: JSONObject = [
            "v": 2, "uuid": .string(ImageUUID().description), "owner": "00000000-0000-0000-0000-000000000000",
            "name": "disk", "version": "1", "state": "active", "disabled": false, "public": true, "type": "zvol",
            "os": "linux", "image_size": 1, "disk_driver": "virtio", "nic_driver": "virtio", "cpu_type": "host",
            "published_at": "2024-01-01T00:00:00Z",
            "files": .array([
                .object([
                    "size": .number(JSONNumber(file.count)), "compression": "none",
                    "sha1": .string(Hexadecimal.text(Insecure.SHA1.hash(data: file))),
                ])
            ]),
        ]
        if let base { json["origin"] = .string(base.manifest.uuid.description) }
        manifest = try Manifest(json)
    }

    private struct Bytes: StreamSink {
        var bytes: [UInt8] = []
        mutating func write(_ part: RawSpan) { unsafe part.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    }
}
