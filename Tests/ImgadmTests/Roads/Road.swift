import Host
import JSON
import SystemPackage
import TestHost
import Testing

/// The roads of what has no manifest: where a disk or a root file system may come from.
enum Road: String, CaseIterable, Sendable {
    case disk, root, artifact, streams

    /// What the paths of the requests have in common that fetch the file.
    var file: String {
        switch self {
        case .disk: ".qcow2"
        case .root: ".tar.gz"
        case .artifact: "/blobs/"
        case .streams: "/root.tar.xz"
        }
    }

    /// The same of those that fetch what describes the file: a list of checksums, a manifest, lists of products.
    var description: String {
        switch self {
        case .disk, .root: ".sha256"
        case .artifact: "/manifests/"
        case .streams: "/streams/"
        }
    }
}

/// One disk and one root file system, and the servers that have them on each of the roads. Made once.
struct RoadSite: Sendable {
    private let folder: FilePath
    private let web: FileServer
    private let registry: RegistryServer

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
            printf 'ID=debian\\nVERSION_ID="13"\\nBUILD_ID=7\\n' > tree/usr/lib/os-release
            head -c 900000 /dev/urandom > tree/bin/noise
            tar -C tree -czf www/web-1.0.tar.gz .
            tar -C tree -cJf www/root.tar.xz .
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
        return RoadSite(
            folder: folder, web: try await FileServer(folder.appending("www")), registry: registry)
    }

    /// A proxy before the server of a road.
    func proxy(_ road: Road, path: String, _ faults: [Fault], then rest: Fault = .pass) async throws -> FaultProxy {
        let port =
            road == .artifact ? registry.port : try #require(web.url.split(separator: ":").last.flatMap { Int($0) })
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
        case .artifact: return try await box.imgadm("import", "oci:\(proxy.url.dropFirst(7))/roads/disk:1")
        case .streams:
            try box.use(proxy.url, type: "simplestreams")
            return try await box.imgadm("import", "debian/13")
        }
    }

    /// The only image is what the road leads to.
    func expectRight(_ road: Road, in box: Sandbox) async throws {
        let same =
            switch road {
            case .disk, .artifact: "imgadm export -q -o - --format raw $image | cmp - disk.raw"
            case .root, .streams:
                "diff -r tree \"$(zfs get -H -o value mountpoint \(box.pool)/$image)/root\""
            }
        let run = try await box.shell(
            "set -e -o pipefail; cd '\(folder)'; image=$(imgadm list -H -o uuid); \(same)")
        #expect(run.status == 0, "\(run)")
        #expect(try await box.datasets().count == 2)
        #expect(try box.leftovers().isEmpty)
    }
}
