public import Failure
public import JSON

/// Takes manifests of version 1 (dsapi servers, hosts of before imgadm 2) to version 2
/// (manifest.md, "Version 1 → 2").
public enum ManifestUpgrade {
    /// A manifest with a `v` comes back as it is.
    /// - Throws: `InvalidManifest` if it has neither `v` nor `creator_uuid`: then it is no manifest.
    public static func upgrade(_ manifest: JSONObject) throws(Failure) -> JSONObject {
        if manifest["v"] != nil { return manifest }
        guard let creator = manifest["creator_uuid"] else {
            throw Failure(.invalidManifest, "invalid manifest: it has neither \"v\" nor \"creator_uuid\"")
        }
        var upgraded: JSONObject = ["v": 2]
        for (field, value) in manifest where !dropped.contains(field) { upgraded[field] = value }
        upgraded["owner"] = creator

        if let only = manifest["restricted_to_uuid"], !only.isNull {
            upgraded["public"] = false
            upgraded["acl"] = [only]
        } else {
            upgraded["public"] = true
        }
        let isDisabled = manifest["disabled"] == true || manifest["disabled"] == "true"
        upgraded["disabled"] = .bool(isDisabled)
        upgraded["state"] = (isDisabled ? ImageState.disabled : .active).json

        if let date = (manifest["published_at"] ?? manifest["created_at"])?.stringValue {
            upgraded["published_at"] = .string(withSeconds(date))
        }
        if let files = manifest["files"]?.arrayValue { upgraded["files"] = .array(files.map(upgradedFile)) }
        if let size = manifest["image_size"]?.stringValue.flatMap({ JSONNumber($0) }) {
            upgraded["image_size"] = .number(size)
        }
        return upgraded
    }

    private static let dropped: Set = [
        "creator_uuid", "vendor_uuid", "creator_name", "cloud_name", "creator_admin", "platform_type", "created_at",
        "updated_at",
        "owner_uuid", "restricted_to_uuid", "_url",
    ]

    /// Version 1 may tell a file's compression by its name alone; what it states counts more.
    private static func upgradedFile(_ value: JSONValue) -> JSONValue {
        guard var file = value.objectValue else { return value }
        let name = file["path"]?.stringValue ?? file["url"]?.stringValue ?? ""
        if file["compression"]?.stringValue == nil {
            file["compression"] = name.hasSuffix(".gz") ? "gzip" : name.hasSuffix(".bz2") ? "bzip2" : "none"
        }
        file["path"] = nil
        file["url"] = nil
        return .object(file)
    }

    /// Old dates may lack the seconds, or the time, and may spell UTC as an offset.
    private static func withSeconds(_ date: String) -> String {
        var local = Substring(date)
        for zone in ["Z", "+00:00", "+0000"] where local.hasSuffix(zone) {
            local.removeLast(zone.count)
            break
        }
        switch String(local) {
        case let day where day.fits("0000-00-00"): return "\(day)T00:00:00Z"
        case let minute where minute.fits("0000-00-00T00:00"): return "\(minute):00Z"
        case let second where second.fits("0000-00-00T00:00:00") || second.fits("0000-00-00T00:00:00.000"):
            return "\(second)Z"
        default: return date
        }
    }
}
