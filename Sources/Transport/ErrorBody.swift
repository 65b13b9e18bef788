import Failure
import NIOCore

/// What a server says about an error, for people: the start of its body, made safe to show.
public enum ErrorBody {
    /// The body of an answer as `: TEXT`, or nothing. Never throws: the status matters, not this.
    static func text(of response: HTTPResponse) async -> String {
        let bytes = try? await withDeadline(NetworkLimits.errorPatience, "the text of an error") {
            var bytes: [UInt8] = []
            for try await chunk in response.body {
                bytes.append(contentsOf: chunk.readableBytesView.prefix(NetworkLimits.errorText - bytes.count))
                if bytes.count >= NetworkLimits.errorText { break }
            }
            return bytes
        }
        let text = excerpt(
            bytes ?? [], hiding: response.secrets, isCut: bytes.map { $0.count >= NetworkLimits.errorText } ?? false)
        return text.isEmpty ? "" : ": \(text)"
    }

    /// The first 200 characters in one line, control characters left out; of an HTML page its title. No URL in it has credentials.
    ///
    /// - Parameters:
    ///   - secrets: what who says this was shown.
    ///   - isCut: there was more of it.
    public static func excerpt(_ bytes: [UInt8], hiding secrets: ShownSecrets = .none, isCut: Bool = false) -> String {
        // More is looked at than is shown, as what is to be hidden need not end there.
        let looked = Array(bytes.prefix(NetworkLimits.errorText))
        // Data are no words: no text has a NUL.
        guard !looked.prefix(4096).contains(0) else { return "what came is no text" }
        let isCut = isCut || looked.count < bytes.count
        var text = String(decoding: secrets.hidden(in: looked, upTo: 4096, isCut: isCut), as: UTF8.self)
        if let page = text.firstMatch(of: /(?i)^\s*<.*?<title[^>]*>([^<]*)/.dotMatchesNewlines()) {
            text = String(page.1)
        }
        let words = text.split {
            $0.isWhitespace || $0.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
        let line = URLCredentials.hidden(inWords: words.joined(separator: " "))
        return line.count > 200 ? line.prefix(200) + "…" : line
    }
}
