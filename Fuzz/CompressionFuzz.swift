@testable import Compression

/// What must hold of any bytes: they are unpacked or refused, and how they were cut into chunks makes no difference.
///
/// The first byte chooses the format, the second how to cut; the rest is the data. In one of 43 the limits are large and the engines those
/// that the product has, threads and all. They are small otherwise, and nothing waits for a thread: what unpacks to megabytes would take
/// most of the time, and show no more.
///
/// Memory: 160 MiB: a window or dictionary has 8 MiB (the limits below), and what is handed out is kept: 4 MiB.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCompression(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard count >= 2 else { return 0 }
    let formats = CompressionFormat.allCases
    let format = formats[Int(bytes[0]) % formats.count]
    let isUsual = bytes[0] >= 250
    let data = isUsual || format != .bzip2 ? Array(bytes[2...]) : ofLowestLevel(Array(bytes[2...]))
    let limits = isUsual ? usualLimits : smallLimits
    let engines = engines(format, isUsual: isUsual)
    guard let first = engines.first else { return 0 }
    let whole = unpack(data, format, first(), limits) { Int.max }
    var state = UInt64(bytes[1]) | 1
    for engine in engines {
        let cut = unpack(data, format, engine(), limits) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % (bytes[1] < 64 ? 3 : bytes[1] < 128 ? 40 : 1000) + (bytes[1] & 1 == 0 ? 1 : 0)
        }
        switch (whole, cut) {
        case (.success(let one), .success(let other)): precondition(one == other, "other data by other chunks")
        case (.failure, .failure): break
        default: preconditionFailure("\(format): \(whole) in one piece, \(cut) in several")
        }
    }
    return 0
}

private let usualLimits = DecompressionLimits(memory: 8 << 20, output: 4 << 20)

private let smallLimits: DecompressionLimits = {
    var limits = DecompressionLimits(memory: 8 << 20, output: 32_000)
    limits.pieceBytes = 4 << 10
    return limits
}()

/// A block of more bytes than these unpacks to more than the limit, as four bytes of five are themselves: libbz2, which knows only the
/// levels, refuses it, too.
private let blockBytes = 40_000

/// One for all inputs: it has nothing of the block before that it does not write anew, or the next way to cut has another result.
private let smallDecoder = BZip2Decoder(blockBytes: blockBytes, expandedBytes: 8 << 10)

private func engines(_ format: CompressionFormat, isUsual: Bool) -> [() -> (any Engine)?] {
    let standard = {
        isUsual ? try? EngineChoice.standard(format, usualLimits) : try? EngineChoice.inOrder(format, smallLimits)
    }
    return switch format {
    case .gzip: [standard, { try? ZlibEngine() }]
    case .bzip2:
        [
            {
                isUsual
                    ? ParallelBZip2Engine(threads: 2)
                    : ParallelBZip2Engine(threads: 1, unpacksAside: false) { smallDecoder }
            },
            { try? BZip2Engine() },
        ]
    default: [standard]
    }
}

/// The level says how much room libbz2 takes, and how long a block may be.
private func ofLowestLevel(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var place = 0
    while place + 3 < bytes.count {
        let isMagic = bytes[place] == 0x42 && bytes[place + 1] == 0x5a && bytes[place + 2] == 0x68
        if isMagic, (0x31...0x39).contains(bytes[place + 3]) { bytes[place + 3] = 0x31 }
        place += 1
    }
    return bytes
}

private func unpack(
    _ data: [UInt8], _ format: CompressionFormat, _ engine: (any Engine)?, _ limits: DecompressionLimits,
    chunk: () -> Int
) -> Result<[UInt8], CompressionError> {
    var output: [UInt8] = []
    func take(_ piece: RawSpan) { piece.withUnsafeBytes { output.append(contentsOf: $0) } }
    do {
        let decompressor = try Decompressor(format, engine: engine, limits: limits)
        var rest = data[...]
        while !rest.isEmpty {
            let size = min(chunk(), rest.count)
            try decompressor.decode(Array(rest.prefix(size)).span.bytes, emit: take)
            rest = rest.dropFirst(size)
        }
        try decompressor.finish(emit: take)
    } catch let error as CompressionError {
        return .failure(error)
    } catch {
        preconditionFailure("another error: \(error)")
    }
    precondition(output.count <= limits.output ?? 0, "more than the limit was handed out")
    return .success(output)
}
