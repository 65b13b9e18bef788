/// A JSON text that was checked once and is read on demand, its bytes kept as they came.
///
/// For reading a few fields of many objects: the check notes where arrays and objects end, so that
/// reading steps over them, and nothing is copied before it is asked for. Texts are accepted and read
/// exactly as by ``JSONValue/init(parsing:limits:)-(Span<UInt8>,_)``.
public struct JSONDocument: Sendable {
    /// The whole value.
    public let root: JSONSlice

    /// Checks a text and takes it over.
    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let bytes = bytes.span.startsWithByteOrderMark ? Array(bytes.dropFirst(3)) : bytes
        let containers = try JSONChecker.check(bytes.span, limits)
        let text = JSONText(bytes: bytes, containers: containers)
        root = JSONSlice(text, JSONReader(position: bytes.span.endOfSpace(from: 0), container: 0))
    }
}

/// A checked text, shared by all slices of it.
final class JSONText: Sendable {
    let bytes: [UInt8]
    let containers: [JSONContainer]

    init(bytes: [UInt8], containers: [JSONContainer]) {
        self.bytes = bytes
        self.containers = containers
    }
}
