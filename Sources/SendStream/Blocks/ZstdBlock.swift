import CZstd

/// zstd's frames without their magic number (OpenZFS, zfs_zstd.c).
@safe final class ZstdBlock {
    private let context: OpaquePointer?
    private var frame: [UInt8] = []

    /// `ZSTD_MAGICNUMBER`, little-endian (RFC 8878 §3.1.1).
    private static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]

    init() { unsafe context = ZSTD_createDCtx() }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Without the magic number, a frame is of the experimental part of libzstd; with it, of what stays.
    ///
    /// - Returns: whether the input is a frame of exactly as many bytes as there is room for.
    func unpack(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool {
        guard unsafe context != nil else { return false }
        frame.removeAll(keepingCapacity: true)
        frame += Self.magic
        unsafe frame.append(contentsOf: input)
        let length = unsafe frame.withUnsafeBytes {
            unsafe ZSTD_decompressDCtx(context, output.baseAddress, output.count, $0.baseAddress, $0.count)
        }
        return ZSTD_isError(length) == 0 && length == output.count
    }
}
