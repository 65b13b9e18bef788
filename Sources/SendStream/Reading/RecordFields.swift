/// The 312 bytes of a record, in the sender's byte order (OpenZFS, zfs_ioctl.h, `dmu_replay_record_t`).
struct RecordFields {
    static let size = 312
    /// Where the record's own checksum is, that of all before it; counted from the record's first byte.
    static let checksumOffset = 280

    let bytes: [UInt8]
    let isLittleEndian: Bool

    init(bytes: [UInt8], isLittleEndian: Bool) {
        self.bytes = bytes
        self.isLittleEndian = isLittleEndian
    }

    init(_ bytes: RawSpan, isLittleEndian: Bool) {
        self.init(bytes: unsafe bytes.withUnsafeBytes { unsafe Array($0) }, isLittleEndian: isLittleEndian)
    }

    var type: UInt32 { number(0) }
    var payloadLength: UInt32 { number(4) }

    /// The ends of what is around streams say nothing but a checksum of what comes before: who sends them writes zeros (OpenZFS,
    /// lib/libzfs/libzfs_sendrecv.c, `zfs_send`), and no checksum is of those.
    var isBareEnd: Bool { bytes[4..<8].allSatisfy { $0 == 0 } && bytes[40...].allSatisfy { $0 == 0 } }
    static let notBare = "the end of what is around the streams has something in places that are zero"

    // Offsets in what differs from type to type, as the header file counts them.

    func u8(_ offset: Int) -> UInt8 { bytes[8 + offset] }
    func u32(_ offset: Int) -> UInt32 { number(8 + offset) }
    func u64(_ offset: Int) -> UInt64 { number(8 + offset) }

    private func number<Number: FixedWidthInteger>(_ offset: Int) -> Number {
        bytes[offset..<(offset + MemoryLayout<Number>.size)].number(isLittleEndian: isLittleEndian)
    }
}

extension ArraySlice<UInt8> {
    /// All of its bytes as a number.
    func number<Number: FixedWidthInteger>(isLittleEndian: Bool) -> Number {
        precondition(count == MemoryLayout<Number>.size)
        let number = unsafe withUnsafeBytes { unsafe $0.loadUnaligned(as: Number.self) }
        return isLittleEndian ? Number(littleEndian: number) : Number(bigEndian: number)
    }
}
