/// The user and the password in a URL (RFC 3986 §3.2.1). No URL of ours may have any, and no message repeats them.
public enum URLCredentials {
    /// What stands for them.
    private static let mask = "***"

    /// Looks for them in the words of a command line: in what is a URL, alone or behind its option (`-SURL`, `--from=URL`). Whatever
    /// would become of such a word, the first error about it would show them.
    ///
    /// - Throws: `Usage`.
    public static func refuse(in words: some Sequence<String>) throws(Failure) {
        for word in words where word.utf8.contains(UInt8(ascii: "@")) {
            guard let match = word.prefixMatch(of: /(?:-[A-Za-z]|--[A-Za-z-]+=)?([A-Za-z][A-Za-z0-9+.\-]*:\/\/.*)/)
            else {
                continue
            }
            let (url, shown) = (String(match.1), hidden(in: String(match.1)))
            guard shown != url else { continue }
            throw Failure(
                .usage, "there are a user or a password in \"\(shown.prefix(300))\", and a URL can have neither here",
                hint:
                    "--token-file FILE shows an image server a token; docker login keeps the credentials of registries"
            )
        }
    }

    /// A text that is taken for a URL, or was meant to be one, without its credentials.
    public static func hidden(in text: String) -> String {
        guard let range = range(in: text, from: text.firstRange(of: "://")?.upperBound ?? text.startIndex) else {
            return text
        }
        var shown = text
        shown.replaceSubrange(range, with: mask)
        return shown
    }

    /// What a server says, in one line, without the credentials of the URLs in it: of whom they are, nobody here knows.
    public static func hidden(inWords text: String) -> String {
        guard text.contains("://"), text.utf8.contains(UInt8(ascii: "@")) else { return text }
        return text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            word.contains("://") ? hidden(in: String(word)) : String(word)
        }.joined(separator: " ")
    }

    /// As ``hidden(in:)``, for what may be a docker reference: there, a digest stands behind the `@`.
    public static func hidden(inReference text: String) -> String {
        let last = text.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let isName = ["sha256:", "sha512:"].contains(where: last.hasPrefix) || !text.prefix { $0 != "@" }.contains(":")
        return isName && !text.contains("://") ? text : hidden(in: text)
    }

    /// They end at the last `@`: what is behind an earlier one may be a part of the password. So may a `/`, `?` or `#`, which end
    /// the host for everybody else, where what is before is no host with a port.
    private static func range(in text: String, from start: String.Index) -> Range<String.Index>? {
        guard let at = text[start...].lastIndex(of: "@") else { return nil }
        let authority = text[start...].prefix { !"/?#".contains($0) }
        if authority.contains("@") { return start..<at }
        guard !authority.hasPrefix("["), let colon = authority.firstIndex(of: ":") else { return nil }
        let port = authority[authority.index(after: colon)...]
        return port.isEmpty || UInt16(port) != nil ? nil : start..<at
    }
}
