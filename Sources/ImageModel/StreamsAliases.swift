public import JSON

/// The names by which a server of simplestreams has an image. The manifest keeps them in a tag, so that they name the image wherever it
/// is. Upper and lower case are the same in them.
public struct StreamsAliases: Sendable, Hashable {
    /// Their tag: the names in lower case, a comma between two.
    public static let tag = "simplestreams:aliases"
    /// The tag of the processor.
    public static let architectureTag = "simplestreams:architecture"

    public let names: [String]
    private let architecture: String?

    /// - Parameter tags: of a manifest, whoever wrote it.
    public init(tags: JSONObject) {
        self.init(list: tags[Self.tag]?.stringValue, architecture: tags[Self.architectureTag]?.stringValue)
    }

    /// - Parameters:
    ///   - list: what the tag of the names has.
    ///   - architecture: what that of the processor has.
    init(list: String?, architecture: String? = nil) {
        // The beginning of a UUID is what people type for that image, and no server's word for another.
        names = (list?.split(separator: ",").map(String.init) ?? [])
            .filter { !$0.allSatisfy { $0.isHexDigit || $0 == "-" } }
        self.architecture = architecture
    }

    /// Where the two tags are in a manifest.
    static let paths: [FieldPath] = [tag, architectureTag].map { FieldPath("tags.\($0)") }

    /// Whether a word is one of them, with `/ARCHITECTURE` behind it or not.
    public func has(_ word: String) -> Bool {
        guard !names.isEmpty else { return false }
        let word = word.lowercased()
        if names.contains(word) { return true }
        guard let slash = word.lastIndex(of: "/"),
            let asked = Architecture(named: word[word.index(after: slash)...]), asked.rawValue == architecture
        else { return false }
        return names.contains(String(word[..<slash]))
    }
}
