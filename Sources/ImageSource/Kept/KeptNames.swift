import Host
public import ImageModel
import JSON
import Time

/// The names of a source's images, as they were when they were last listed: for shells, which offer them while somebody types and
/// cannot wait for an answer.
extension ImageSources {
    /// Of how many images, and in how many bytes, names are kept: more are too many to choose from.
    private static let most = (names: 5000, bytes: 1 << 20)

    /// Keeps the names, if they are others than before.
    public func keepNames(of images: [ListedImage], from source: SourceDescriptor) {
        // Other servers have thousands of images, and none with such names.
        let hasAliases = source.type == .simplestreams
        let names = Set(images.lazy.flatMap { hasAliases ? $0.names : $0.name.map { [$0] } ?? [] }.filter(Self.isTyped))
        let text = names.sorted().prefix(Self.most.names).joined(separator: "\n")
        let files = files(of: source)
        let url = Self.url(of: source)
        guard text.utf8.count <= Self.most.bytes,
            files.read(url, limit: Self.most.bytes)?.bytes != Array(text.utf8)
        else { return }
        files.keep(KeptFile(FetchedURL(url, tag: nil, modified: nil), date: .now(), bytes: Array(text.utf8)))
    }

    /// The names that are kept of a source.
    public func keptNames(from source: SourceDescriptor) -> [String] {
        guard let kept = files(of: source).read(Self.url(of: source), limit: Self.most.bytes) else { return [] }
        // What is kept may be of an older version, which took more.
        return String(decoding: kept.bytes, as: UTF8.self).split(separator: "\n").map(String.init).filter(Self.isTyped)
    }

    public func forgetNames(from source: SourceDescriptor) { files(of: source).forget() }

    /// Beside what is kept of the source itself, which has rules of its own.
    private func files(of source: SourceDescriptor) -> KeptFiles {
        KeptFiles(root: root, server: "names \(source.displayURL)", isSecured: !source.insecure, log: log)
    }

    private static func url(of source: SourceDescriptor) -> String { "names of \(source.displayURL)" }

    /// A name that can stand on a command line as it is, and means an image there: nothing that a shell takes for something else, no
    /// option, file, URL, reference or version. Servers and manifests may call an image anything.
    public static func isTyped(_ name: String) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
        guard let first = name.utf8.first, isLetter(first) || isDigit(first), name.utf8.count <= 512 else {
            return false
        }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || "._-+/".utf8.contains($0) }
            && parts.allSatisfy { !$0.isEmpty && $0.contains { $0 != UInt8(ascii: ".") } }
    }
}
