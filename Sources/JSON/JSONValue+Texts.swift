extension JSONValue {
    /// The same value with all its texts changed, the names of members included; a number whose spelling would be another one is a
    /// text then.
    public func mappingTexts(_ change: (String) -> String) -> JSONValue {
        switch self {
        case .null, .bool: return self
        case .number(let number):
            let changed = change(number.text)
            return changed == number.text ? self : .string(changed)
        case .string(let text): return .string(change(text))
        case .array(let elements): return .array(elements.map { $0.mappingTexts(change) })
        case .object(let object):
            return .object(JSONObject(object.map { (key: change($0.key), value: $0.value.mappingTexts(change)) }))
        }
    }
}
