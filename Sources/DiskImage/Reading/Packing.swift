import CDeflate
import CZstd

/// How a piece of a disk is packed.
enum Packing {
    /// RFC 1951
    case deflate
    /// RFC 1950
    case zlib
    case zstd
}

/// Unpacks pieces, each into exactly the room that it must fill. Whoever takes one has it alone.
@safe final class Unpacker: @unchecked Sendable {
    private let inflater: OpaquePointer
    private let zstd: OpaquePointer

    /// - Throws: `DiskError` if there is no memory.
    init() throws(DiskError) {
        guard let inflater = unsafe libdeflate_alloc_decompressor() else { throw Self.noMemory }
        guard let zstd = unsafe ZSTD_createDCtx() else {
            unsafe libdeflate_free_decompressor(inflater)
            throw Self.noMemory
        }
        unsafe self.inflater = inflater
        unsafe self.zstd = zstd
    }

    deinit {
        unsafe libdeflate_free_decompressor(inflater)
        unsafe ZSTD_freeDCtx(zstd)
    }

    private static var noMemory: DiskError { DiskError(.limit, at: 0, "no memory to unpack it") }

    func unpack(_ piece: PackedPiece) throws(DiskError) -> PackedPiece.Unpacked {
        // A disk may end within its last cluster, and what lies behind its end is not there then.
        let needed = piece.packing == .zlib ? piece.wanted : piece.count
        var result: Result<Int, DiskError> = .success(0)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: piece.count) { output, count in
            let output = UnsafeMutableRawBufferPointer(output)
            result = Result { () throws(DiskError) in
                try unsafe piece.input.span.bytes.withUnsafeBytes { (input) throws(DiskError) in
                    try unsafe unpack(piece.packing, input, into: output, needed: needed, at: piece.place)
                }
            }
            if case .success = result { count = piece.count }
        }
        return PackedPiece.Unpacked(bytes: bytes, used: try result.get())
    }

    /// - Parameters:
    ///   - input: where the piece begins; more may follow it.
    ///   - output: what it must fill.
    ///   - needed: bytes that it must have at least: the last grain of a VMDK may end with the disk. What is missing is zero.
    /// - Returns: bytes of the input that it took.
    private func unpack(
        _ packing: Packing, _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, needed: Int,
        at offset: UInt64
    ) throws(DiskError) -> Int {
        var consumed = 0
        let fault: String
        switch packing {
        case .deflate, .zlib:
            let inflate =
                unsafe packing == .zlib ? libdeflate_zlib_decompress_ex : libdeflate_deflate_decompress_ex
            var count = 0
            let result = unsafe inflate(
                inflater, input.baseAddress, input.count, output.baseAddress, output.count, &consumed, &count)
            switch result {
            case LIBDEFLATE_SUCCESS where count >= needed:
                unsafe UnsafeMutableRawBufferPointer(rebasing: output[count...])
                    .initializeMemory(as: UInt8.self, repeating: 0)
                return consumed
            case LIBDEFLATE_SUCCESS: fault = "it has \(count) bytes, not \(output.count)"
            case LIBDEFLATE_INSUFFICIENT_SPACE: fault = "it has more than \(output.count) bytes"
            default: fault = "it is not deflated, or damaged"
            }
        case .zstd:
            consumed = unsafe ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
            if ZSTD_isError(consumed) == 0 {
                let count = unsafe ZSTD_decompressDCtx(
                    zstd, output.baseAddress, output.count, input.baseAddress, consumed)
                if count == output.count { return consumed }
                fault =
                    ZSTD_isError(count) == 0
                    ? "it has \(count) bytes, not \(output.count)" : unsafe String(cString: ZSTD_getErrorName(count))
            } else {
                fault = unsafe String(cString: ZSTD_getErrorName(consumed))
            }
        }
        throw DiskError(.badBlock, at: offset, fault)
    }
}
