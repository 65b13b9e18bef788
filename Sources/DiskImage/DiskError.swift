/// Why a disk image cannot be read, or not be written.
public struct DiskError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// It ends in the middle of something.
        case truncated
        /// A field says what cannot be.
        case badHeader
        /// A table leads to where nothing can be, or twice to the same place.
        case badMap
        /// A part of it does not unpack to what it must be.
        case badBlock
        /// A checksum is not that of its bytes.
        case badChecksum
        /// It is something else than a disk.
        case notADisk
        /// It needs something that is not in it, or that is not known here.
        case unsupported
        /// More than the limits allow.
        case limit
        /// What is written is not what was announced.
        case order
    }

    public let reason: Reason
    /// The byte of the unpacked image file that the error is about.
    public let offset: UInt64
    /// Names the value and the rule that it breaks.
    public let detail: String

    init(_ reason: Reason, at offset: UInt64, _ detail: String) {
        self.reason = reason
        self.offset = offset
        self.detail = detail
    }

    public var description: String {
        let what: String
        switch reason {
        case .truncated: what = "the disk image ends too early"
        case .badHeader: what = "the disk image has a bad header"
        case .badMap: what = "the disk image has a bad table"
        case .badBlock: what = "the disk image has a block that cannot be unpacked"
        case .badChecksum: what = "the disk image is damaged"
        // Whoever says that it cannot be read as a disk has said so.
        case .notADisk: return detail
        case .unsupported: what = "the disk image has something that is not supported"
        case .limit: what = "the disk image is over a limit"
        case .order: what = "the disk's content is not what was announced"
        }
        return "\(what) (at byte \(offset): \(detail))"
    }
}
