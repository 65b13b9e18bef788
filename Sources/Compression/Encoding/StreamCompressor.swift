/// Compresses a stream on all cores, in one pass and in constant memory.
///
/// gzip and bzip2 are made of members or streams, one for each block, which every reader of these formats takes for one
/// file; xz and zstd have threads in their libraries. The same input always gives the same output, however many cores
/// there are: only for zstd that depends on whether there is more than one.
public struct StreamCompressor: Sendable {
    /// What matters more, where a format leaves the choice (gzip does).
    public enum Effort: Sendable {
        /// As small as `gzip -6` makes it, as files are that are kept and sent to many.
        case size
        /// As `gzip -1`: four tenths less work for seven parts in a hundred more. Tools of registries do no more for a layer.
        case speed
    }

    public let format: CompressionFormat
    private let cores: Int
    private let effort: Effort

    /// - Parameters:
    ///   - format: what comes out.
    ///   - cores: how many blocks are compressed at a time.
    public init(_ format: CompressionFormat, cores: Int, effort: Effort = .size) {
        self.format = format
        self.effort = effort
        self.cores = max(1, cores)
    }

    /// Compresses all there is to read.
    ///
    /// - Parameters:
    ///   - read: gives up to so many bytes, fewer only at the end, none after it. It may block: run this on a thread of its
    ///     own.
    ///   - emit: takes the compressed bytes, which are valid only during the call.
    /// - Throws: `CompressionError`, `CancellationError`, and whatever `read` and `emit` throw.
    public func run(reading read: (Int) throws -> [UInt8], emit: (RawSpan) throws -> Void) async throws {
        switch format {
        case .none:
            while true {
                let bytes = try read(1 << 20)
                if bytes.isEmpty { return }
                try unsafe emit(bytes.span.bytes)
            }
        case .gzip:
            let level: Int32 =
                switch effort {
                case .size: 6
                case .speed: 1
                }
            try await blocks(of: 512 << 10, read, emit) { try GzipMember.compress($0, level: level) }
        case .bzip2: try await blocks(of: BZip2Stream.blockBytes, read, emit) { try BZip2Stream.compress($0) }
        case .xz: try stream(XZEncoder(cores: cores), read, emit)
        case .zstd: try stream(ZstdEncoder(cores: cores), read, emit)
        }
    }

    /// Blocks go out in the order in which they came in, whichever is done first.
    private func blocks(
        of size: Int, _ read: (Int) throws -> [UInt8], _ emit: (RawSpan) throws -> Void,
        _ compress: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) async throws {
        try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            var begun = 0
            var emitted = 0
            var waiting: [Int: [UInt8]] = [:]
            var isAtEnd = false
            while true {
                while !isAtEnd, begun - emitted < cores + 2 {
                    let block = try read(size)
                    isAtEnd = block.count < size
                    // Even a file of nothing has a member.
                    if block.isEmpty && begun > 0 { break }
                    let place = begun
                    begun += 1
                    group.addTask(executorPreference: globalConcurrentExecutor) { (place, try compress(block)) }
                }
                guard let (place, bytes) = try await group.next() else { return }
                waiting[place] = bytes
                while let next = waiting.removeValue(forKey: emitted) {
                    try unsafe emit(next.span.bytes)
                    emitted += 1
                }
            }
        }
    }

    private func stream(
        _ encoder: some Encoder, _ read: (Int) throws -> [UInt8], _ emit: (RawSpan) throws -> Void
    ) throws {
        var output = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let block = try read(1 << 20)
            var consumed = 0
            while true {
                // An encoder may take minutes for what is packed already.
                try Task.checkCancellation()
                let step = try unsafe block.withUnsafeBytes { input in
                    try unsafe output.withUnsafeMutableBytes { output in
                        try unsafe encoder.step(
                            UnsafeRawBufferPointer(rebasing: input[consumed...]), output, isLast: block.isEmpty)
                    }
                }
                consumed += step.consumed
                if step.produced > 0 { try unsafe emit(output.span.bytes.extracting(0..<step.produced)) }
                if step.ended { return }
                if !block.isEmpty, consumed == block.count { break }
            }
        }
    }
}

/// An encoder of one format: a C library behind one face. The bytes are valid only during the call.
protocol Encoder: AnyObject {
    /// Encodes as much as input and output allow.
    ///
    /// - Parameter isLast: there is no more input; called until the step says that it has ended.
    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep
}
