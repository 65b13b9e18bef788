@testable import JSON

/// What must hold of any bytes: both readers agree on whether they are JSON and what they mean, and
/// what is written is read back the same.
///
/// Memory: 160 MiB: a value takes no more than a fixed number of bytes for each of its text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let tree = try? JSONValue(parsing: bytes)
    let document = try? JSONDocument(bytes)
    precondition((tree == nil) == (document == nil), "one reader accepts what the other refuses")
    guard let tree, let document else {
        do { _ = try JSONValue(parsing: bytes) } catch { precondition(error.offset <= count && !error.description.isEmpty) }
        return 0
    }
    compare(document.root, tree)
    for style in [JSONStyle.compact, .indented(2)] {
        let text = tree.text(style)
        guard let again = try? JSONValue(parsing: text) else { preconditionFailure("cannot read what was written") }
        precondition(again == tree && again.text(style) == text, "another value was written")
        // A key that comes twice is written twice from a slice; read back it means the same.
        precondition((try? JSONValue(parsing: document.root.text(style))) == tree, "a slice writes another value")
    }
    return 0
}

private func compare(_ slice: JSONSlice, _ value: JSONValue) {
    precondition(slice.kind == value.kind && slice.value == value)
    precondition(slice.stringValue == value.stringValue && slice.boolValue == value.boolValue && slice.intValue == value.intValue)
    switch value {
    case .array(let elements):
        guard let slices = slice.arrayValue, slices.count == elements.count else { preconditionFailure("elements differ") }
        for (slice, element) in zip(slices, elements).prefix(20) { compare(slice, element) }
    case .object(let object):
        let keys = Array(object.keys.prefix(20))
        let members = slice.members(JSONKeys(keys + ["\u{1}not there"]))
        precondition((members.last ?? nil) == nil || object.contains("\u{1}not there"))
        // Not a dictionary of strings: those take keys for one that Unicode calls equal.
        var all = JSONObject()
        if object.count <= 20 { slice.forEachMember { all[$0] = $1.value } }
        precondition(object.count > 20 || all == object)
        for (key, member) in zip(keys, members) {
            guard let member, let value = object[key] else { preconditionFailure("a member is missing") }
            compare(member, value)
        }
    default: break
    }
}
