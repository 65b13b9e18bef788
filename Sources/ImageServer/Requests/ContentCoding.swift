import Compression

/// How a body is packed for a client (RFC 9110, sections 8.4.1 and 12.5.3).
enum ContentCoding: Equatable {
    case identity, gzip, zstd

    /// The best that a client takes.
    init(accepting header: String?) {
        self = .identity
        var weights: [String: Double] = [:]
        for part in (header ?? "").split(separator: ",").prefix(50) {
            let choice = WeightedName(part)
            weights[choice.name] = choice.weight
        }
        let ours: [(String, ContentCoding)] = [("zstd", .zstd), ("gzip", .gzip)]
        var best = 0.0
        for (name, coding) in ours {
            let weight = weights[name] ?? weights["*"] ?? 0
            if weight > best { (best, self) = (weight, coding) }
        }
    }

    /// For `Content-Encoding`; nil where there is nothing to say.
    var name: String? {
        switch self {
        case .identity: nil
        case .gzip: "gzip"
        case .zstd: "zstd"
        }
    }

    /// - Throws: `CompressionError`.
    func pack(_ bytes: [UInt8]) async throws -> [UInt8] {
        let format: CompressionFormat
        switch self {
        case .identity: return bytes
        case .gzip: format = .gzip
        case .zstd: format = .zstd
        }
        var packed: [UInt8] = []
        var place = 0
        try await StreamCompressor(format, cores: 1, effort: .speed).run { count in
            let end = min(place + count, bytes.count)
            defer { place = end }
            return Array(bytes[place..<end])
        } emit: { piece in
            unsafe piece.withUnsafeBytes { unsafe packed.append(contentsOf: $0) }
        }
        return packed
    }
}
