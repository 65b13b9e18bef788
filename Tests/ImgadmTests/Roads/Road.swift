import Host
import JSON
import SystemPackage
import TestHost
import Testing

/// The roads of what has no manifest: where a disk or a root file system may come from.
enum Road: String, CaseIterable, Sendable {
    case disk, root, squashfs, artifact, containerDisk, streams, repository

    /// What the paths of the requests have in common that fetch the file.
    var file: String {
        switch self {
        case .disk: ".qcow2"
        case .root: ".tar.gz"
        case .squashfs: ".squashfs"
        case .artifact, .containerDisk, .repository: "/blobs/"
        case .streams: "/root.tar.xz"
        }
    }

    /// It is fetched as the file of another one.
    var isLikeAnother: Bool { [.squashfs, .containerDisk, .repository].contains(self) }

    /// Its beginning is fetched before all of it is.
    var isLookedAt: Bool {
        switch self {
        case .disk, .root, .squashfs, .artifact: true
        case .containerDisk, .streams, .repository: false
        }
    }

    /// The same of those that fetch what describes the file: a list of checksums, a manifest, lists of products.
    var description: String {
        switch self {
        case .disk, .root, .squashfs: ".sha256"
        case .artifact, .containerDisk, .repository: "/manifests/"
        case .streams: "/streams/"
        }
    }
}

/// One disk and one root file system, and the servers that have them on each of the roads. Made once.
struct RoadSite: Sendable {
    private let folder: FilePath
    private let web: FileServer
    private let registry: RegistryServer
    /// What is in a repository of image files.
    private let published: TestImage
    /// The digests of the layer that has a disk, and of the image file in the repository.
    private let layer: String
    private let blob: String
    /// Has the dataset of what is published.
    private let workshop: ImageWorkshop

    private static let shared = MadeOnce { try await make() }

    static func get() async throws -> RoadSite { try await shared.get() }

    private static func make() async throws -> RoadSite {
        let folder = TestFolder.makeLasting("roads")
        try await Tool.shell(
            """
            cd '\(folder)'
            mkdir -p www/streams/v1 tree/usr/lib tree/bin
            truncate -s 4M disk.raw
            head -c 1500000 /dev/urandom | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O qcow2 disk.raw www/web-1.0.qcow2
            zstd -q disk.raw
            qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2
            printf 'ID=debian\\nVERSION_ID="13"\\nBUILD_ID=7\\n' > tree/usr/lib/os-release
            head -c 900000 /dev/urandom > tree/bin/noise
            tar -C tree -czf www/web-1.0.tar.gz .
            tar -C tree -cJf www/root.tar.xz .
            mksquashfs tree www/web-1.0.squashfs -quiet -no-progress > /dev/null
            for file in www/web-1.0.*; do sha256sum < $file > $file.sha256; done
            printf '{"format": "index:1.0", "index": {"images": {"datatype": "image-downloads", "products": ["a"],
                "path": "streams/v1/images.json", "format": "products:1.0"}}}' > www/streams/v1/index.json
            printf '{"format": "products:1.0", "datatype": "image-downloads", "products": {"a": {"aliases": "debian/13",
                "arch": "\(StreamsSite.host)", "versions": {"20250814": {"items": {"root.tar.xz": {"ftype": "root.tar.xz",
                "path": "root.tar.xz", "size": %s, "sha256": "%s"}}}}}}}' "$(stat -c %s www/root.tar.xz)" \\
                "$(sha256sum < www/root.tar.xz | cut -d ' ' -f 1)" > www/streams/v1/images.json
            """)
        let registry = try await RegistryFixture.get().registry
        let disk = folder.appending("disk.raw.zst")
        let type = "application/vnd.kubevirt.disk.raw+zstd"
        let blob = try await registry.push(disk, to: "roads/disk")
        let config = try await registry.push([:], to: "roads/disk")
        try await registry.manifest(
            [
                "schemaVersion": 2, "mediaType": .string(RegistryServer.manifestType), "artifactType": .string(type),
                "config": RegistryServer.descriptor(
                    "application/vnd.oci.empty.v1+json", config.digest, config.size),
                "layers": [RegistryServer.descriptor(type, blob, Int(try HostFile.size(disk) ?? 0))],
            ], type: RegistryServer.manifestType, to: "roads/disk", "1")
        let layer = try await registry.layer(
            "roads/containerdisk", "mkdir disk; cp \(folder.appending("disk.qcow2")) disk/web.qcow2",
            compression: "none")
        try await registry.image("roads/containerdisk", "1", [layer])
        let workshop = try await ImageWorkshop.make()
        let published = try await workshop.make(name: "large", bytes: 900_000)
        let file = try await publish(published, on: registry, in: folder)
        return RoadSite(
            folder: folder, web: try await FileServer(folder.appending("www")), registry: registry,
            published: published, layer: layer.digest, blob: file, workshop: workshop)
    }

    /// - Returns: the digest of the image file.
    private static func publish(_ image: TestImage, on registry: RegistryServer, in folder: FilePath) async throws
        -> String
    {
        try Tool.write(JSONValue.object(image.manifest).text(), to: folder.appending("image.json"))
        let box = try await Sandbox.make()
        let run = try await box.imgadm(
            "publish", "-q", "-m", folder.appending("image.json").string, "-f", image.file.string,
            "oci://\(registry.host)/roads/images")
        try #require(run.status == 0, "\(run)")
        return "sha256:" + (try await Tool.run("sha256sum", image.file.string)).prefix(64)
    }

    /// What the paths of the requests have in common that fetch the file, and nothing else has.
    func file(_ road: Road) -> String {
        switch road {
        case .containerDisk: "/blobs/\(layer)"
        case .repository: "/blobs/\(blob)"
        default: road.file
        }
    }

    /// A proxy before the server of a road.
    func proxy(_ road: Road, path: String, _ faults: [Fault], then rest: Fault = .pass) async throws -> FaultProxy {
        let port =
            switch road {
            case .artifact, .containerDisk, .repository: registry.port
            default: try #require(web.url.split(separator: ":").last.flatMap { Int($0) })
            }
        return try await FaultProxy(to: port, path: path, faults, then: rest)
    }

    /// Imports what is on a road, from behind a proxy.
    ///
    /// - Parameter isStated: the checksum of a file at a URL is given, not looked for beside it.
    func run(
        _ road: Road, from proxy: FaultProxy, in box: Sandbox, isStated: Bool = true
    ) async throws -> Sandbox.Run {
        func url(_ name: String) async throws -> [String] {
            let sum = try await Tool.run("sha256sum", folder.appending("www/\(name)").string).prefix(64)
            return ["\(proxy.url)/\(name)"] + (isStated ? ["--checksum", "sha256:\(sum)"] : [])
        }
        switch road {
        case .disk: return try await box.imgadm(["import"] + url("web-1.0.qcow2"))
        case .root: return try await box.imgadm(["import"] + url("web-1.0.tar.gz"))
        case .squashfs:
            return try await box.imgadm(["import"] + url("web-1.0.squashfs") + ["name=web", "version=1", "os=linux"])
        case .artifact: return try await box.imgadm("import", "oci:\(proxy.url.dropFirst(7))/roads/disk:1")
        case .containerDisk:
            return try await box.imgadm("import", "oci:\(proxy.url.dropFirst(7))/roads/containerdisk:1")
        case .repository:
            try box.use("oci://\(proxy.url.dropFirst(7))/roads/images", type: "oci")
            return try await box.imgadm("import", published.uuid)
        case .streams:
            try box.use(proxy.url, type: "simplestreams")
            return try await box.imgadm("import", "debian/13")
        }
    }

    /// The only image is what the road leads to.
    func expectRight(_ road: Road, in box: Sandbox) async throws {
        let same =
            switch road {
            case .disk, .artifact, .containerDisk: "imgadm export -q -o - --format raw $image | cmp - disk.raw"
            case .root, .squashfs, .streams:
                "diff -r tree \"$(zfs get -H -o value mountpoint \(box.pool)/$image)/root\""
            case .repository:
                """
                content() { zfs get -H -o value mountpoint "$1"; }
                diff -r "$(content \(published.dataset))" "$(content \(box.pool)/$image)"
                """
            }
        let run = try await box.shell(
            "set -e -o pipefail; cd '\(folder)'; image=$(imgadm list -H -o uuid); \(same)")
        #expect(run.status == 0, "\(run)")
        #expect(try await box.datasets().count == 2)
        #expect(try box.leftovers().isEmpty)
    }
}
