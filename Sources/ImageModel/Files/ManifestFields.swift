public import JSON

/// Fields of manifests as they are given in arguments: `requirements.min_ram=512`.
public enum ManifestFields {
    /// - Parameter path: `requirements.min_ram`.
    public static func set(_ value: JSONValue, at path: String, in object: inout JSONObject) {
        set(value, at: path.split(separator: ".")[...], in: &object)
    }

    /// The fields of one object with those of another, which count more; of objects in both, member by member.
    public static func merge(_ fields: JSONObject, into object: JSONObject) -> JSONObject {
        var merged = object
        for (key, value) in fields {
            if let inner = value.objectValue, let there = object[key]?.objectValue {
                merged[key] = .object(merge(inner, into: there))
            } else {
                merged[key] = value
            }
        }
        return merged
    }

    private static func set(_ value: JSONValue, at path: ArraySlice<Substring>, in object: inout JSONObject) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            object[String(first)] = value
            return
        }
        var inner = object[String(first)]?.objectValue ?? [:]
        set(value, at: path.dropFirst(), in: &inner)
        object[String(first)] = .object(inner)
    }
}
