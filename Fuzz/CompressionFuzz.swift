@testable import Compression

/// What must hold of any bytes: they are unpacked or refused, and how they were cut into chunks makes no difference.
///
/// The first byte chooses the format, the second how to cut; the rest is the data.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCompression(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard count >= 2 else { return 0 }
    let formats = CompressionFormat.allCases
    let format = formats[Int(bytes[0]) % formats.count]
    let data = Array(bytes[2...])
    let engines: [() -> (any Engine)?] = engines(format)
    guard let first = engines.first else { return 0 }
    let whole = unpack(data, format, first()) { Int.max }
    var state = UInt64(bytes[1]) | 1
    for engine in engines {
        let cut = unpack(data, format, engine()) {
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

private let limits = DecompressionLimits(memory: 8 << 20, output: 4 << 20)

private func engines(_ format: CompressionFormat) -> [() -> (any Engine)?] {
    let standard = { try? EngineChoice.standard(format, limits) }
    return switch format {
    case .gzip: [standard, { try? ZlibEngine() }]
    case .bzip2: [{ ParallelBZip2Engine(threads: 2) }, { try? BZip2Engine() }]
    default: [standard]
    }
}

private func unpack(
    _ data: [UInt8], _ format: CompressionFormat, _ engine: (any Engine)?, chunk: () -> Int
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
    precondition(output.count <= 4 << 20, "more than the limit was handed out")
    return .success(output)
}
