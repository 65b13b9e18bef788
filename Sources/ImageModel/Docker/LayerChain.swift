/// The images that the layers of a docker image are here: one each, from the base up (docker.md, "As images").
public enum LayerChain {
    /// The UUIDs of layers: for each, the first 32 hex digits of the SHA-256 of the digests up to it, joined by blanks.
    public static func uuids(_ digests: [ContentDigest]) -> [ImageUUID] {
        var text = ""
        return digests.compactMap { digest in
            text += (text.isEmpty ? "" : " ") + digest.description
            return uuid(ContentDigest(.sha256, of: Array(text.utf8)).hex)
        }
    }

    private static func uuid(_ hex: String) -> ImageUUID? {
        let digits = Array(hex)
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return ImageUUID(groups.joined(separator: "-"))
    }
}
