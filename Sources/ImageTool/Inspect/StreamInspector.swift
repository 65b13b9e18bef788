import Failure
import Host
import ImageModel
import JSON
import SendStream
import Time

/// What a stream says of itself and holds, found out as it passes.
struct StreamInspector {
    private var reader = StreamReader()
    private var survey = StreamSurvey(volume: VolumeProbe(), files: FileSystemReader(keeping: Self.isOSRelease))
    private var position: UInt64 = 0

    /// The one snapshot's.
    var header: StreamHeader? { survey.snapshotCount == 1 ? survey.headers.first : nil }
    var volumeSize: UInt64? { survey.volume.visitor.size }

    /// - Throws: `StreamError` for what is damaged.
    mutating func feed(_ bytes: RawSpan) throws {
        position += UInt64(bytes.byteCount)
        guard damage == nil else { return }
        do {
            try reader.feed(bytes, to: &survey)
        } catch let error as StreamError {
            // The rest is read all the same, for the checksum of the file.
            damage = error
        }
    }

    private var damage: StreamError?

    /// The input has ended.
    mutating func finish() -> Inspection {
        if damage == nil {
            do throws(StreamError) { try reader.finish() } catch { damage = error }
        }
        var inspection = Inspection()
        var stream: JSONObject = [:]
        if let first = survey.headers.first { stream = Self.facts(first) }
        stream["snapshots"] = .number(JSONNumber(survey.snapshotCount))
        stream["bytes"] = .bytes(position)
        stream["records"] = .bytes(reader.recordCount)
        stream["data_bytes"] = .bytes(survey.dataBytes)
        if survey.packedBytes != survey.dataBytes { stream["packed_bytes"] = .bytes(survey.packedBytes) }
        if !survey.furtherDatasets.names.isEmpty {
            stream["further_datasets"] = .array(
                survey.furtherDatasets.names.map { .string(String(decoding: $0, as: UTF8.self)) })
            if survey.furtherDatasets.isLong { stream["more_datasets"] = true }
        }
        stream["packing"] = .array(survey.packings.map(\.name).sorted().map { .string($0) })
        if survey.headers.first?.kind == .fileSystem, survey.largestBlock > 0 {
            stream["largest_block"] = .number(JSONNumber(survey.largestBlock))
        }
        if reader.uncheckedRecordCount > 0 { stream["records_without_checksum"] = .bytes(reader.uncheckedRecordCount) }
        inspection.facts["stream"] = .object(stream)
        addContent(&inspection)
        if let damage {
            inspection.damage = Failure(
                .invalidFile, "the stream is damaged", cause: damage,
                hint: "get the file once more from where it came from")
        }
        return inspection
    }

    private static func facts(_ header: StreamHeader) -> JSONObject {
        var facts: JSONObject = ["type": header.kind == .volume ? "volume" : "filesystem"]
        facts["snapshot"] = .string(String(decoding: header.name, as: UTF8.self))
        // As text: more digits than many readers of JSON keep.
        facts["guid"] = .string("\(header.guid)")
        if let origin = header.originGUID { facts["origin_guid"] = .string("\(origin)") }
        if let seconds = Int64(exactly: header.created), seconds < 1 << 40 {
            facts["created"] = .string(Timestamp(milliseconds: seconds * 1000).description)
        }
        facts["features"] = .array(header.features.names.map { .string($0) })
        facts["byte_order"] = header.isLittleEndian ? "little" : "big"
        return facts
    }

    private func addContent(_ inspection: inout Inspection) {
        guard damage == nil else { return }
        if let fault = survey.contentFault {
            inspection.facts["content"] = .object(["readable": false, "reason": .string(fault)])
        } else if survey.headers.first?.kind == .volume {
            let volume = survey.volume.visitor
            var facts: JSONObject = [:]
            if let size = volume.size { facts["size"] = .bytes(size) }
            if let blockSize = volume.blockSize { facts["block_size"] = .number(JSONNumber(blockSize)) }
            facts["data_bytes"] = .bytes(volume.disk.dataBytes)
            facts.merge(volume.disk.content())
            inspection.facts["disk"] = .object(facts)
        } else {
            do throws(StreamError) {
                addFiles(try survey.files.tree(), &inspection)
            } catch {
                inspection.damage = Failure(.invalidFile, "the file system in the stream makes no sense", cause: error)
            }
        }
    }

    private func addFiles(_ tree: FileSystemTree, _ inspection: inout Inspection) {
        var counts: [FileAttributes.Kind: Int] = [:]
        var bytes: UInt64 = 0
        var withList = 0
        for index in 0..<tree.count {
            guard tree.isFirstName(index), let entry = tree.attributes(index) else { continue }
            counts[entry.attributes.kind, default: 0] += 1
            if entry.attributes.hasAccessControlList { withList += 1 }
            guard entry.attributes.kind == .file else { continue }
            let (sum, overflow) = bytes.addingReportingOverflow(entry.attributes.size)
            bytes = overflow ? .max : sum
        }
        let plain: [FileAttributes.Kind] = [.file, .directory, .symbolicLink]
        let other = counts.reduce(0) { plain.contains($1.key) ? $0 : $0 + $1.value }
        var facts: JSONObject = [
            "version": .bytes(tree.version), "names": .number(JSONNumber(tree.count)),
            "files": .number(JSONNumber(counts[.file] ?? 0)),
            "directories": .number(JSONNumber(counts[.directory] ?? 0)),
            "links": .number(JSONNumber(counts[.symbolicLink] ?? 0)), "others": .number(JSONNumber(other)),
            "file_bytes": .bytes(bytes),
        ]
        if withList > 0 { facts["access_control_lists"] = .number(JSONNumber(withList)) }
        if !tree.redactedObjects.isEmpty {
            facts["redacted_files"] = .number(JSONNumber(tree.redactedObjects.count))
        }
        inspection.facts["file_system"] = .object(facts)
        let release = OSReleasePaths.all.lazy.compactMap { path -> OSRelease? in
            guard let index = tree.index(of: Array(path.utf8)), let entry = tree.entry(index) else { return nil }
            return survey.files.content(of: entry.object).flatMap { OSRelease($0) }
        }.first
        if let release { inspection.facts["os_release"] = .object(release.facts) }
    }

    /// Whether a file may be an `os-release`.
    private static func isOSRelease(_ bytes: RawSpan) -> Bool {
        let text = unsafe bytes.withUnsafeBytes { unsafe Array($0.prefix { $0 != 0 }) }
        return text.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: "ID=".utf8) }
    }
}

/// Where a root file system says what it is (os-release(5)), also one that lies in the folder `root` of an image, or in `rootfs`
/// of one of incus or LXD in one file.
enum OSReleasePaths {
    static let all = ["", "root/", "rootfs/"].flatMap { root in
        ["etc/os-release", "usr/lib/os-release"].map { root + $0 }
    }
}

extension OSRelease {
    var facts: JSONObject {
        var facts: JSONObject = [:]
        for key in ["PRETTY_NAME", "ID", "VERSION_ID", "BUILD_ID", "IMAGE_ID", "IMAGE_VERSION"] {
            if let value = self[key] { facts[key.lowercased()] = .string(value) }
        }
        return facts
    }
}
