extension JSONValue {
    /// Reads a JSON text (RFC 8259, strictly) into a tree.
    ///
    /// Of a key that an object names twice, the last value stands at the place of the first. An unpaired
    /// surrogate escape becomes U+FFFD. A byte order mark before it is passed over (RFC 8259 §8.1), as editors leave one behind.
    public init(parsing text: Span<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let text = text.extracting(droppingFirst: text.startsWithByteOrderMark ? 3 : 0)
        let containers = try JSONChecker.check(text, limits)
        var reader = JSONReader(position: text.endOfSpace(from: 0), container: 0)
        self = reader.value(text, containers.span)
    }

    /// Reads a JSON text; see ``init(parsing:limits:)-(Span<UInt8>,_)``.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: bytes.span, limits: limits)
    }

    /// Reads a JSON text; see ``init(parsing:limits:)-(Span<UInt8>,_)``.
    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}
