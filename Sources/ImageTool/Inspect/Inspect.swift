import Failure
import Host
public import ImageModel
import ImageStore
import JSON
import SendStream
import SystemPackage
public import ZFS

extension ImageTool {
    /// Finds out what a file is, what is in it, and whether it is whole. It takes no ZFS and no other rights than to read it.
    ///
    /// - Parameter name: a path, or `-` for standard input.
    /// - Returns: also of a file that is damaged, as far as it could be read.
    /// - Throws: `Usage` if there is no such file; `FileSystemError`, `InvalidManifest` for a manifest beside it;
    ///   `CancellationError`.
    public func inspect(_ name: String) throws -> Inspection {
        let file = try GivenFile(name)
        let manifest = try file.path.flatMap { try FileManifest(beside: $0) }
        var inspector = FileInspector(file, manifest)
        inspector.run()
        // Who was stopped while reading knows nothing of the file.
        try Task.checkCancellation()
        do {
            if let guid = inspector.streamGUID {
                inspector.inspection.facts["installed"] = try installed(as: guid)
            } else if inspector.inspection.damage == nil, inspector.isContent, let size = file.size {
                inspector.inspection.facts["installed"] = try installed(from: file, size)
            }
        } catch let error as FileError where error.kind == .notPermitted {
            // Who may not read the records is told what is in the file all the same.
        } catch  where !(error is CancellationError) {
            inspector.inspection.remarks.append("which installed images were made of it cannot be told: \(error)")
        }
        return inspector.inspection
    }

    /// The same of an installed image: of what `zfs send` makes of it.
    ///
    /// - Throws: `ImageNotInstalled`, what ZFS says.
    public func inspect(_ uuid: ImageUUID, in pool: PoolName) async throws -> Inspection {
        guard let image = try await store.image(uuid, in: pool) else { throw ImageNotInstalled(uuid, pool) }
        var facts: JSONObject = ["image": .string(uuid.description), "zpool": .string(pool.description)]
        if let name = image.manifest.name { facts["name"] = .string(name) }
        if let version = image.manifest.version { facts["version"] = .string(version) }
        if let source = image.source { facts["source"] = .string(source) }
        let inspection = try await withTaskExecutorPreference(DedicatedThread("inspect")) {
            try await store.readingContent(image) {
                try await store.send(uuid, in: pool) { output in
                    var survey = StreamInspector()
                    while true {
                        let bytes = try output.read(1 << 20)
                        if bytes.isEmpty { break }
                        try unsafe survey.feed(bytes.span.bytes)
                    }
                    return survey.finish()
                }
            }
        }
        for (key, value) in inspection.facts { facts[key] = value }
        var result = inspection
        result.facts = facts
        return result
    }

    /// The installed images that were made from a file which is no stream, by their records. It is read once more, but only where one of them
    /// may have been.
    private func installed(from file: GivenFile, _ size: UInt64) throws -> JSONValue? {
        let images = try store.recorded(fileOf: size)
        guard !images.isEmpty else { return nil }
        file.rewind()
        var hasher = DigestHasher(.sha256)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            if count == 0 { break }
            hasher.update(unsafe buffer.span.bytes.extracting(0..<count))
        }
        let sum = hasher.finish().hex
        return Self.value(of: images.filter { $0.fileSHA256 == sum }.map { ($0.uuid, $0.pool) })
    }

    /// The installed images whose snapshot has a guid, by their records: no ZFS is asked.
    private func installed(as guid: UInt64) throws -> JSONValue? {
        Self.value(of: try store.recorded(guid: guid))
    }

    private static func value(of images: [(uuid: ImageUUID, pool: String)]) -> JSONValue? {
        guard !images.isEmpty else { return nil }
        return .array(
            images.map { .object(["uuid": .string($0.uuid.description), "zpool": .string($0.pool)]) })
    }
}
