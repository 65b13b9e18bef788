import Failure
import Host
import SystemPackage

/// A file that somebody may have meant who typed its name where the image of a source is named.
public struct MeantFile: Sendable {
    public let word: String
    /// It lies here.
    let isThere: Bool

    /// Nil for a word that is not called like an image's file, and is no file here.
    public init?(_ word: String) {
        isThere = Self.isThere(word)
        guard isThere || FileName.isOfStream(word) else { return nil }
        self.word = word
    }

    /// Nothing else is called like that. What has no suffix may be an image all the same, whatever file there is.
    public var isCertain: Bool { FileName.isOfStream(word) || isThere && word.contains(".") }

    /// What is the matter.
    public var words: String {
        isThere ? "a file \"\(word)\" lies here" : "what is called like this is a file, which does not lie here"
    }

    /// The command that takes it.
    public var hint: String {
        let install = "imgadm install \(Self.pair(word))"
        return FileName.isOfStream(word) ? install : "\(ShellWord.quoted(path)) names the file; \(install)"
    }

    /// The options for the file of an image and its manifest, of which one or both were named, or the other lies beside it.
    ///
    /// - Returns: nil if none of the two is called like one.
    public static func options(_ word: String, _ other: String?) -> String? {
        guard let named = [word, other].lazy.compactMap({ $0 }).first(where: FileName.isOfStream) else { return nil }
        guard let other else { return pair(named) }
        let rest = named == word ? other : word
        let (manifest, file) = FileName.isManifest(named) ? (named, rest) : (rest, named)
        return "-m \(ShellWord.quoted(manifest)) -f \(ShellWord.quoted(file))"
    }

    private static func pair(_ word: String) -> String {
        let stem = FileName.stem(word)
        guard FileName.isManifest(word) else {
            let manifest = "\(stem).imgmanifest"
            return "-m \(isThere(manifest) ? ShellWord.quoted(manifest) : "MANIFEST") -f \(ShellWord.quoted(word))"
        }
        let file = FileName.streams(of: stem).first(where: isThere)
        return "-m \(ShellWord.quoted(word)) -f \(ShellWord.quoted(file ?? "FILE"))"
    }

    private var path: String { FileName.isPath(word) ? word : "./\(word)" }

    /// What cannot be looked at is not known to lie here.
    public static func isThere(_ word: String) -> Bool { (try? FilePath(word).stat().type) == .regular }
}
