/// The rule for the UUID of an image that comes without a manifest, as a file of a disk or of a root file system: it
/// follows from the file, so that the same file is the same image on every host, wherever it was fetched.
///
///     text = "imgadm disk 1" or "imgadm root 1", and for each file a blank and "sha256:" with its 64 lower-case digits
///     UUID = the first 16 bytes of SHA-256 of the text, as version 8 and variant 10 of RFC 9562
///
/// A file counts as it was fetched: compressed, if it was, and an appliance (OVA) or an archive as a whole. So a list of
/// checksums, a catalogue, or a registry, which name a file by its SHA-256, tell the UUID before a byte of it is there. An
/// image that lies in several blobs is told by all of them, in their order: the layers of a container disk from the base
/// up, the pieces of a disk.
///
/// A name, a version, a block size have no part in it. What the image is has: the same bytes could be taken for a disk
/// or for an archive of files. So does a disk that is taken as it is although it begins like something else: its text begins with
/// "imgadm raw 1".
///
/// Docker layers have a rule of their own, which is older: ``LayerChain``.
public enum ContentUUID {
    /// What an image is made of its files.
    public enum Kind: String, Sendable, CaseIterable {
        /// A file system, with the files of a system's root.
        case root
        /// A volume, with the content of a disk.
        case disk
    }

    /// Under what an image is made whose file is not known before it is here: always the same for a place, so that whoever tries
    /// again finds what is left of the run before.
    ///
    /// - Parameter place: a URL.
    public static func provisional(_ place: String) -> ImageUUID? {
        ImageUUID(hash: ContentDigest(.sha256, of: Array("imgadm provisional 1 \(place)".utf8)).hex)
    }

    /// - Parameters:
    ///   - isAsItIs: it is a disk that is not read as what it looks like.
    ///   - files: by SHA-256, one at least.
    /// - Returns: nil if a digest is of another algorithm or there is none: the UUID is not known by that.
    public static func derive(_ kind: Kind, isAsItIs: Bool = false, files: [ContentDigest]) -> ImageUUID? {
        guard !files.isEmpty, files.allSatisfy({ $0.algorithm == .sha256 }) else { return nil }
        let text = files.reduce("imgadm \(isAsItIs ? "raw" : kind.rawValue) 1") { "\($0) \($1)" }
        var hasher = DigestHasher(.sha256)
        unsafe hasher.update(Array(text.utf8).span.bytes)
        return ImageUUID(hash: hasher.finish().hex)
    }
}
