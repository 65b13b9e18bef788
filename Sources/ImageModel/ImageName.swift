/// A name that people call an image by: `NAME`, `NAME@VERSION` or `NAME@latest` (imgadm.8, "NAMES OF IMAGES").
public struct ImageName: Sendable, Hashable, CustomStringConvertible {
    public let name: String
    /// Nil if none was named; `latest` for the one published last.
    public let version: String?

    /// Nil for what no image can be called.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, ImageName.isName(name) else { return nil }
        self.name = name
        version = parts.count > 1 ? parts[1] : nil
        if let version, !ImageName.isVersion(version) { return nil }
    }

    public var description: String { version.map { "\(name)@\($0)" } ?? name }

    /// imgapi.md, section 4.
    private static func isName(_ text: String) -> Bool {
        (1...1024).contains(text.utf8.count) && text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: " ") }
    }
    private static func isVersion(_ text: String) -> Bool {
        (1...512).contains(text.utf8.count) && text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "+") }
    }
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte < 0x80 && (Unicode.Scalar(byte).properties.isAlphabetic || "0123456789._/-".utf8.contains(byte))
    }

    /// The version that is asked for; nil for whichever is the newest.
    public var exactVersion: String? { version == "latest" ? nil : version }

    /// Whether it is what an image is called.
    public func fits(_ manifest: Manifest) -> Bool {
        manifest.name == name && isVersion(of: manifest)
    }

    /// Whether it is what a server of simplestreams calls an image, if that is not its name.
    public func isAlias(of manifest: Manifest) -> Bool { isVersion(of: manifest) && manifest.aliases.has(name) }

    private func isVersion(of manifest: Manifest) -> Bool { exactVersion == nil || manifest.version == exactVersion }
}
