/// How much of a hostile text is read before it is refused.
public struct JSONLimits: Sendable, Hashable {
    /// How deep arrays and objects may nest.
    public let depth: Int

    /// How long the text may be, in bytes.
    public let bytes: Int

    /// Values nest in memory as they do in the text, and walking or releasing them takes
    /// stack: no one may ask for more than this.
    public static let deepest = 1024

    /// Offsets are kept in 32 bits.
    public static let longest = Int(UInt32.max) - 1

    /// - Parameters:
    ///   - depth: at most ``deepest``; a larger number means that.
    ///   - bytes: at most ``longest``, which nil means.
    public init(depth: Int = 512, bytes: Int? = nil) {
        self.depth = max(0, min(depth, Self.deepest))
        self.bytes = max(0, min(bytes ?? Self.longest, Self.longest))
    }
}
