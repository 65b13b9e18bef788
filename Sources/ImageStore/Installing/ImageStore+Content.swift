import Failure
import ImageModel
import Logging
import SystemPackage
import ZFS

/// File systems whose files we write ourselves: what a pool is set to must not change what an image holds.
///
/// A received image needs none of this: how its file system keeps names is part of the stream, and comes with it.
extension ImageStore {
    /// Properties that decide which names are the same and which are allowed (zfsprops(7)), with the values under which every
    /// name of an archive is a name of its own. They are inherited, and can be chosen only when a file system is made.
    private static let naming = [("casesensitivity", "sensitive"), ("normalization", "none"), ("utf8only", "off")]

    /// Nobody on the host gets rights by a file of an image, or a device, where the image itself is mounted: whoever made it may have
    /// put there what he likes. Clones of it, which are what runs, have these properties of where they lie.
    static let harmless = [("setuid", "off"), ("devices", "off")]

    /// Makes a file system to be filled: a clone, or an empty one in which names are what they are, whatever the pool is set
    /// to. Both keep extended attributes: property `xattr`, which is inherited, and can be changed at any time.
    ///
    /// - Throws: `UnsuitablePool` where nothing can be written.
    func makeFileSystem(_ name: DatasetName, cloneOf origin: SnapshotName?) async throws {
        let pool = name.poolName
        let wanted = ImageStore.naming + [("readonly", "off")]
        let values = try await zfs.properties(wanted.map(\.0) + ["xattr"], of: pool.dataset)
        let otherwise = ImageStore.deviating(values, from: wanted)
        guard !otherwise.contains(where: { $0.name == "readonly" }) else {
            throw Failure(
                .unsuitablePool, "property readonly of zpool \"\(pool)\" is on, so that nothing can be unpacked there",
                hint: "zfs set readonly=off \(pool), or use another zpool with -P")
        }
        let losing = values.filter { $0.name == "xattr" && $0.value == "off" }
        // Until it has its snapshot, only its mark tells whose it is.
        let set = losing.map { ($0.name, "on") } + ImageStore.harmless + [ZFS.own]
        let changed = (origin == nil ? otherwise : []) + losing
        if !changed.isEmpty {
            log.warning(
                "the pool would change what the image holds; the image is made otherwise than the pool is set",
                metadata: [
                    "zpool": "\(pool)",
                    "properties": "\(changed.map { "\($0.name)=\($0.value)" }.joined(separator: ", "))",
                ])
        }
        if let origin { return try await zfs.clone(origin, to: name, set) }
        let names = Set(otherwise.map(\.name))
        try await zfs.create(name, ImageStore.naming.filter { names.contains($0.0) }.map { ($0.0, $0.1) } + set)
    }

    /// Properties of a dataset that decide which extended attributes it keeps, in words. ACLs are among them (`acltype`, which
    /// not every ZFS has).
    func attributeProperties(of name: DatasetName) async throws -> String {
        try await zfs.properties(["all"], of: name).filter { ["xattr", "acltype"].contains($0.name) }
            .map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
    }

    /// The folder of a file system that was just made, once it is sure that what is written there will be what it is.
    ///
    /// - Throws: `NotMounted`; `UnsuitablePool`, naming the property.
    func contentFolder(of name: DatasetName) async throws -> FilePath {
        let values = try await zfs.properties(ZFS.mounting + ImageStore.naming.map(\.0), of: name)
        guard let path = ZFS.mountedPath(values) else {
            throw Failure(
                .notMounted, "dataset \"\(name)\" is not mounted, so that nothing can be unpacked into it",
                hint:
                    "give zpool \"\(name.poolName)\" a mountpoint: zfs set mountpoint=/\(name.poolName) \(name.poolName)"
            )
        }
        if let found = ImageStore.deviating(values, from: ImageStore.naming).first {
            throw Failure(
                .unsuitablePool,
                "property \(found.name) of dataset \"\(name)\" is \"\(found.value)\", so that files whose names differ could replace each other",
                hint: "the layer below was made so: delete it and import it again, or use another zpool with -P")
        }
        return FilePath(path)
    }

    /// A file system that has been filled becomes what an image is: it is unmounted and has its `@final`.
    ///
    /// - Parameter fileSHA256: of the file that it was made of.
    func freeze(_ name: DatasetName, fileSHA256: String?) async throws -> MadeContent {
        try await zfs.unmountWhenFree(name)
        guard let final = name.snapshot(finalSnapshot) else { return MadeContent() }
        try await zfs.snapshot(final)
        let made = try await zfs.lookUp([name], [final])
        let image = try made.guid(of: final).map { MadeImage(snapshotGUID: $0, fileSHA256: fileSHA256) }
        return MadeContent(image: image, dataset: made.dataset(name))
    }

    /// Properties of a dataset that have another value than they should. One that this ZFS does not know has none.
    private static func deviating(_ found: [ZFS.Property], from wanted: [(String, String)]) -> [ZFS.Property] {
        found.filter { property in
            guard property.value != "-", let value = wanted.first(where: { $0.0 == property.name })?.1 else {
                return false
            }
            return property.value != value
        }
    }
}
