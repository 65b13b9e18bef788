public import Failure

/// A list of checksums as it lies beside files that are offered: lines of `sha256sum` (`HEX  NAME`, `HEX *NAME`), lines of BSD
/// (`SHA256 (NAME) = HEX`), or a digest alone; clear-signed or not. What else there is (comments, digests of other
/// algorithms) is passed over.
///
/// Nothing here says who made the list: that it comes from where the file comes from guards against damage alone.
public struct ChecksumList: Sendable {
    /// How errors call it.
    private let name: String
    private let lines: SignedLines

    /// What is longer is refused. The longest of distributions have some hundred kilobytes.
    public static let longest = 4 << 20

    /// - Parameters:
    ///   - bytes: the list as it was fetched.
    ///   - name: how errors call it.
    /// - Throws: `InvalidChecksumList` if it is too long or not clear-signed as a whole.
    public init(_ bytes: [UInt8], name: String) throws(Failure) {
        guard bytes.count <= Self.longest else {
            throw Failure(.invalidChecksumList, "\(name) is longer than \(Self.longest) bytes")
        }
        self.name = name
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        lines = try SignedLines(bytes.starts(with: mark) ? bytes[3...] : bytes[...], of: name)
    }

    /// What the list says of a file: at most one SHA-256 and one SHA-512, in this order; nothing if it does not name it.
    ///
    /// - Parameters:
    ///   - file: its name, or its path from where the list lies.
    ///   - isItsOwn: the list is of this file alone (`FILE.sha256`). Then a digest needs no name, and one of another name counts
    ///     as well where there is no other: such lists often name the file as it was called when it was built.
    /// - Throws: `InvalidChecksumList` if two digests contradict each other, or one of the file has other than its digits.
    public func digests(of file: String, isItsOwn: Bool = false) throws(Failure) -> [ContentDigest] {
        var named = Found(file: file, list: name)
        var others = Found(file: file, list: name)
        for line in lines {
            guard let entry = ChecksumLine(line) else { continue }
            if entry.file.map({ $0.elementsEqual(file.utf8) }) ?? isItsOwn {
                try named.take(entry)
            } else if isItsOwn {
                try others.take(entry)
            }
        }
        return named.isEmpty ? others.digests : named.digests
    }

    private struct Found {
        let file: String
        let list: String
        private var sha256: ContentDigest?
        private var sha512: ContentDigest?

        init(file: String, list: String) { (self.file, self.list) = (file, list) }

        var isEmpty: Bool { digests.isEmpty }
        var digests: [ContentDigest] { [sha256, sha512].compactMap(\.self) }

        mutating func take(_ entry: ChecksumLine) throws(Failure) {
            switch entry.digest {
            case .unknown: return
            case .broken:
                throw Failure(.invalidChecksumList, "\(list) has a digest of \(file) that has not all its digits")
            case .known(let digest):
                let old = digest.algorithm == .sha256 ? sha256 : sha512
                guard old == nil || old == digest else {
                    throw Failure(
                        .invalidChecksumList,
                        "\(list) has two digests of \(file), \(old?.description ?? "") and \(digest)")
                }
                if digest.algorithm == .sha256 { sha256 = digest } else { sha512 = digest }
            }
        }
    }
}

/// A line that tells a digest.
private struct ChecksumLine {
    enum Digest {
        case known(ContentDigest)
        /// Of another algorithm.
        case unknown
        case broken
    }

    let digest: Digest
    /// Nil where a digest stands alone.
    let file: ArraySlice<UInt8>?

    init?(_ line: ArraySlice<UInt8>) {
        let line = line.trimmed
        if let (digest, file) = Self.tagged(line) ?? Self.plain(line) {
            self.digest = digest
            self.file = file.map { $0.starts(with: "./".utf8) ? $0.dropFirst(2) : $0 }
        } else {
            return nil
        }
    }

    /// `SHA256 (NAME) = HEX` of BSD and of `sha256sum --tag`; `SHA2-256(NAME)= HEX` of openssl.
    private static func tagged(_ line: ArraySlice<UInt8>) -> (Digest, ArraySlice<UInt8>?)? {
        guard let open = line.firstIndex(of: UInt8(ascii: "(")), let close = line.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let behind = line[(close + 1)...].trimmed
        guard behind.first == UInt8(ascii: "=") else { return nil }
        let file = line[(open + 1)..<close]
        let algorithm = String(decoding: line[..<open].trimmed, as: UTF8.self)
        guard let known = algorithms[algorithm.uppercased()] else { return (.unknown, file) }
        let hex = String(decoding: behind.dropFirst().trimmed, as: UTF8.self).lowercased()
        return (ContentDigest("\(known.rawValue):\(hex)").map { .known($0) } ?? .broken, file)
    }

    private static let algorithms: [String: ContentDigest.Algorithm] = [
        "SHA256": .sha256, "SHA2-256": .sha256, "SHA-256": .sha256, "SHA512": .sha512, "SHA2-512": .sha512,
        "SHA-512": .sha512,
    ]

    /// `HEX  NAME`, `HEX *NAME`, `HEX`. The number of digits tells the algorithm.
    private static func plain(_ line: ArraySlice<UInt8>) -> (Digest, ArraySlice<UInt8>?)? {
        // Of a name with line ends or backslashes GNU escapes these, and puts a backslash before all.
        let isEscaped = line.first == UInt8(ascii: "\\")
        let line = isEscaped ? line.dropFirst() : line
        let hex = line.prefix { $0.isHexDigit }
        var file = line[hex.endIndex...]
        guard !hex.isEmpty, file.first.map(\.isBlank) ?? true else { return nil }
        file = file.drop(while: \.isBlank)
        if file.first == UInt8(ascii: "*") { file = file.dropFirst() }
        if isEscaped { file = unescaped(file) }
        let digits = String(decoding: hex, as: UTF8.self).lowercased()
        let digest: Digest =
            switch hex.count {
            case 64: ContentDigest("sha256:\(digits)").map { .known($0) } ?? .broken
            case 128: ContentDigest("sha512:\(digits)").map { .known($0) } ?? .broken
            case 8, 32, 40, 56, 96: .unknown  // CRC, MD5, SHA-1, SHA-224, SHA-384
            default: .broken
            }
        if file.isEmpty { return hex.count < 64 ? nil : (digest, nil) }
        return (digest, file)
    }

    private static func unescaped(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes: [UInt8] = []
        var rest = name
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            default: bytes.append(next)
            }
        }
        return bytes[...]
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmed: ArraySlice<UInt8> {
        let inner = drop(while: \.isBlank)
        return inner[..<((inner.lastIndex { !$0.isBlank }).map { $0 + 1 } ?? inner.startIndex)]
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }
}
