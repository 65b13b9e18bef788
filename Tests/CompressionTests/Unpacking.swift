import Glibc

@testable import Compression

/// What came of unpacking: the same data, or the same refusal.
enum Outcome: Equatable {
    case data([UInt8])
    case refused(CompressionError.Reason)

    /// At once: an array compares its bytes one by one in a debug build.
    static func == (one: Outcome, other: Outcome) -> Bool {
        switch (one, other) {
        case (.data(let one), .data(let other)):
            guard one.count == other.count else { return false }
            return unsafe one.withUnsafeBytes { one in
                unsafe other.withUnsafeBytes { other in
                    guard let start = one.baseAddress, let otherStart = other.baseAddress else { return true }
                    return unsafe memcmp(start, otherStart, other.count) == 0
                }
            }
        case (.refused(let one), .refused(let other)): return one == other
        default: return false
        }
    }

    var reason: CompressionError.Reason? {
        if case .refused(let reason) = self { reason } else { nil }
    }
}

/// Feeds the bytes in chunks, the sizes of which come again and again.
func unpack(
    _ bytes: [UInt8], _ format: CompressionFormat, chunks: [Int] = [1 << 20],
    limits: DecompressionLimits = DecompressionLimits()
) throws -> Outcome {
    try unpack(bytes, try Decompressor(format, limits: limits), chunks: chunks)
}

func unpack(_ bytes: [UInt8], _ decompressor: Decompressor, chunks: [Int] = [1 << 20]) throws -> Outcome {
    var data: [UInt8] = []
    func take(_ piece: RawSpan) { unsafe piece.withUnsafeBytes { unsafe data.append(contentsOf: $0) } }
    do {
        var start = 0
        var round = 0
        while start < bytes.count {
            let end = min(start + chunks[round % chunks.count], bytes.count)
            try decompressor.decode(bytes[start..<end], emit: take)
            (start, round) = (end, round + 1)
        }
        try decompressor.finish(emit: take)
    } catch let error as CompressionError {
        return .refused(error.reason)
    }
    return .data(data)
}

extension Decompressor {
    func decode(_ bytes: some Sequence<UInt8>, emit: (RawSpan) throws -> Void) throws {
        let chunk = Array(bytes)
        try unsafe decode(chunk.span.bytes, emit: emit)
    }
}
