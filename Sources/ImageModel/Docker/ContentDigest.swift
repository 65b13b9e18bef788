import Crypto
import RawBytes

/// The digest by which a registry names content: `sha256:` or `sha512:` and lower-case hex digits (OCI image-spec,
/// descriptor.md, "Digests").
public struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
    public enum Algorithm: String, Sendable { case sha256, sha512 }

    public let algorithm: Algorithm
    /// Lower-case hex digits, as many as the algorithm gives.
    public let hex: String

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let algorithm = Algorithm(rawValue: String(parts[0])) else { return nil }
        let digits = parts[1].utf8
        guard digits.count == (algorithm == .sha256 ? 64 : 128),
            digits.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        self.algorithm = algorithm
        hex = String(parts[1])
    }

    /// It begins as a digest does whose algorithm is known here, whatever follows.
    static func namesAlgorithm(_ text: String) -> Bool {
        Algorithm(rawValue: String(text.prefix { $0 != ":" })) != nil
    }

    /// The digest of content.
    public init(_ algorithm: Algorithm, of content: [UInt8]) {
        var hasher = DigestHasher(algorithm)
        unsafe hasher.update(content.span.bytes)
        self = hasher.finish()
    }

    init(_ algorithm: Algorithm, bytes: some Sequence<UInt8>) {
        self.algorithm = algorithm
        hex = Hexadecimal.text(bytes)
    }

    public var description: String { "\(algorithm.rawValue):\(hex)" }

    /// The first twelve digits, as people know an image.
    public var short: String { String(hex.prefix(12)) }
}

/// Hashes content as it passes.
public struct DigestHasher: Sendable {
    private enum Function {
        case sha256(SHA256)
        case sha512(SHA512)
    }
    private var function: Function

    public init(_ algorithm: ContentDigest.Algorithm) {
        function =
            switch algorithm {
            case .sha256: .sha256(SHA256())
            case .sha512: .sha512(SHA512())
            }
    }

    public mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { buffer in
            switch function {
            case .sha256(var hasher):
                unsafe hasher.update(bufferPointer: buffer)
                function = .sha256(hasher)
            case .sha512(var hasher):
                unsafe hasher.update(bufferPointer: buffer)
                function = .sha512(hasher)
            }
        }
    }

    /// The digest of all that has passed.
    public func finish() -> ContentDigest {
        switch function {
        case .sha256(let hasher): ContentDigest(.sha256, bytes: hasher.finalize())
        case .sha512(let hasher): ContentDigest(.sha512, bytes: hasher.finalize())
        }
    }
}
