import RawBytes

/// What a request shows so that it is let in. A server may say it back, and no message has it then: answers hide it where their
/// words become text (``HTTPReply/excerpt(of:)``) or data (``HTTPReply/hiding``), and in their headers.
public struct ShownSecrets: Sendable, Hashable {
    /// What is looked for, as ``SeenBytes`` has it.
    private let patterns: [[UInt8]]
    /// How long the shortest of them is; nil if there is none.
    private let shortest: Int?

    /// What stands for it.
    private static let mask = Array("***".utf8)
    /// In base64, so many digits are not there by chance; and in what a server says of images, so many characters.
    private static let leastDigits = 6

    /// Nothing is shown.
    public static let none = ShownSecrets(patterns: [])

    private init(patterns: [[UInt8]]) {
        self.patterns = patterns
        shortest = patterns.map(\.count).min()
    }

    /// What is behind the scheme of `Authorization` (RFC 9110 §11.6.2). A signature is good for one request, and no secret.
    static func texts(in request: HTTPRequest) -> [String] {
        request.headers.filter { $0.name.lowercased() == "authorization" }.compactMap { header in
            let parts = header.value.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() != "signature" ? String(parts[1]) : nil
        }
    }

    /// That, and what whoever made the request calls secret.
    public init(of request: HTTPRequest) { self.init(texts: Self.texts(in: request) + request.secrets) }

    /// What is shown, or known of somebody, whatever it is shown by.
    public init(texts: [String]) {
        let texts = texts.map { Array($0.utf8) }
        // As a password, too, it would be part of a longer text in base64.
        let encoded = texts.flatMap(Base64Digits.forms).filter { $0.count >= ShownSecrets.leastDigits }
        // A form (HTML 4 §17.13.4) has blanks for what were plus signs, and blanks are not looked at.
        let forms = texts.map { $0.filter { $0 != UInt8(ascii: "+") } }
        let hexadecimal = texts.map { Hexadecimal.digits($0) }
        let patterns = Set((texts + encoded + forms + hexadecimal).map { SeenBytes($0).bytes }).filter { !$0.isEmpty }
            .sorted { $0.lexicographicallyPrecedes($1) }
        self.init(patterns: patterns)
    }

    /// What is hidden in data, too, and not only in what is said about an error: a word as short as a name would be, there, a part of
    /// names.
    var ofData: ShownSecrets { ShownSecrets(patterns: patterns.filter { $0.count >= ShownSecrets.leastDigits }) }

    /// The text without what was shown.
    public func hidden(in text: String) -> String {
        // It is never longer than what stands for it.
        guard let shortest, shortest <= text.utf8.count else { return text }
        let bytes = Array(text.utf8)
        let hidden = hidden(in: bytes, upTo: bytes.count, isCut: false)
        return hidden == bytes ? text : String(decoding: hidden, as: UTF8.self)
    }

    /// The first bytes without what was shown, wherever that ends.
    ///
    /// - Parameters:
    ///   - length: how many bytes are wanted.
    ///   - isCut: more bytes belong behind these: what they end with may be the beginning of it.
    func hidden(in bytes: [UInt8], upTo length: Int, isCut: Bool) -> [UInt8] {
        let wanted = min(length, bytes.count)
        guard !patterns.isEmpty else { return Array(bytes.prefix(wanted)) }
        let seen = SeenBytes(bytes)
        var isHidden = [Bool](repeating: false, count: bytes.count)
        for pattern in patterns where isCut || pattern.count <= seen.bytes.count {
            for found in BytePattern(pattern).places(in: seen.bytes, alsoBegun: isCut) {
                for place in seen.starts[found.lowerBound]..<seen.ends[found.upperBound - 1] { isHidden[place] = true }
            }
        }
        var result: [UInt8] = []
        for (place, byte) in bytes.prefix(wanted).enumerated() {
            if !isHidden[place] {
                result.append(byte)
            } else if place == 0 || !isHidden[place - 1] {
                result += ShownSecrets.mask
            }
        }
        return result
    }
}

/// Where bytes stand in others, in a time that grows with the length of both alone (Knuth, Morris and Pratt).
private struct BytePattern {
    private let bytes: [UInt8]
    /// Of each length that has been seen of the pattern, the next shorter one that it ends with.
    private let shorter: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var shorter = [0]
        var length = 0
        for byte in bytes.dropFirst() {
            while length > 0, bytes[length] != byte { length = shorter[length - 1] }
            if bytes[length] == byte { length += 1 }
            shorter.append(length)
        }
        self.shorter = shorter
    }

    /// - Parameter alsoBegun: at the end, a part of it counts that goes on behind that.
    func places(in text: [UInt8], alsoBegun: Bool) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var length = 0
        for (place, byte) in text.enumerated() {
            while length > 0, bytes[length] != byte { length = shorter[length - 1] }
            if bytes[length] == byte { length += 1 }
            guard length == bytes.count else { continue }
            places.append(place + 1 - length..<place + 1)
            length = shorter[length - 1]
        }
        if alsoBegun, length > 0 { places.append(text.count - length..<text.count) }
        return places
    }
}

/// Bytes in base64, of either alphabet (RFC 4648 §4 and §5).
private enum Base64Digits {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let ends: [[UInt8]] = [Array("+/".utf8), Array("-_".utf8)]

    /// The digits that have bits of these bytes alone, whatever is before and behind them.
    static func forms(of bytes: [UInt8]) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for before in 0..<3 {
            let all = [UInt8](repeating: 0, count: before) + bytes
            let (first, end) = ((before * 8 + 5) / 6, all.count * 8 / 6)
            guard first < end else { continue }
            for last in ends {
                forms.append(
                    (first..<end).map { digit in
                        let place = digit * 6
                        let next = place / 8 + 1 < all.count ? all[place / 8 + 1] : 0
                        let pair = Int(all[place / 8]) << 8 | Int(next)
                        let value = pair >> (10 - place % 8) & 63
                        return value < alphabet.count ? alphabet[value] : last[value - alphabet.count]
                    })
            }
        }
        return forms
    }
}
