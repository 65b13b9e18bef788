import ImageModel
public import JSON
import SystemPackage
import ZFS

extension ImageResult {
    /// What programs read of it (docs/programs.md).
    public var json: JSONObject {
        var object: JSONObject = ["action": .string(actionName)]
        func set(_ key: String, _ text: String?) { if let text { object[key] = .string(text) } }
        set("uuid", uuid?.description)
        set("name", manifest?.name)
        set("version", manifest?.version)
        set("type", manifest?.type)
        set("origin", manifest?.origin?.description)
        if case .untagged(let gone) = action { set("reference", gone) } else { set("reference", reference) }
        set("layer", layer)
        set("reason", reason)
        set("zpool", pool?.description)
        object["requested"] = .bool(isRequested)
        set("source", source)
        set("destination", destination)
        if let bytes { object["bytes"] = .number(JSONNumber(Int(bytes))) }
        set("manifestFile", manifestFile?.string)
        set("digest", digest)
        switch action {
        case .updated(let fields), .set(let fields): object["fields"] = .array(fields.map { .string($0) })
        case .snapshotRenamed(let from, let to):
            object["snapshot"] = ["from": .string(from.description), "to": .string(to.description)]
        case .addedToChannel(let channel), .removedFromChannel(let channel), .notInChannel(let channel):
            object["channel"] = .string(channel)
        case .deletedThere(let channel): set("channel", channel)
        case .enabled, .disabled: set("state", manifest?.state)
        default: break
        }
        if let former {
            object["former"] = JSONValue.object(
                [
                    "name": former.name.map { .string($0) } ?? .null,
                    "version": former.version.map { .string($0) } ?? .null,
                ])
        }
        if let check {
            object["check"] = .object(json(of: check))
            object["signature"] = "none"
        }
        return object
    }

    private func json(of check: ImageFileCheck) -> JSONObject {
        var object: JSONObject = [:]
        if let size = check.size { object["size"] = .number(JSONNumber(Int(size))) }
        if let sha1 = check.sha1 { object["sha1"] = .string(sha1) }
        if let digest = check.digest { object["digest"] = .string(digest.description) }
        if trustsMD5 { object["contentMD5"] = true }
        return object
    }

    private var actionName: String {
        switch action {
        case .present: "present"
        case .imported: "imported"
        case .installed: "installed"
        case .adopted: "adopted"
        case .deleted, .deletedThere: "deleted"
        case .cleared: "cleared"
        case .untagged: "untagged"
        case .kept: "kept"
        case .described: "described"
        case .updated, .set: "updated"
        case .snapshotRenamed: "snapshotRenamed"
        case .unchanged, .notInChannel: "unchanged"
        case .enabled: "enabled"
        case .disabled: "disabled"
        case .addedToChannel: "channelAdded"
        case .removedFromChannel: "channelRemoved"
        case .unknown: "unknown"
        case .created: "created"
        case .converted: "converted"
        case .exported: "exported"
        case .published: "published"
        case .pushed: "pushed"
        }
    }
}
