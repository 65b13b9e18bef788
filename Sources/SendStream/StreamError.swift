/// Why a send stream cannot be read, or not be written.
public struct StreamError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// It does not begin as a send stream does.
        case notAStream
        /// It ends in the middle of something.
        case truncated
        /// A record, or what belongs to it, says what cannot be.
        case badRecord
        /// A checksum is not that of the bytes before it.
        case badChecksum
        /// A packed list of names and values is malformed.
        case badNameValueList
        /// A compressed block does not unpack to what its record says.
        case badBlock
        /// Records do not ascend, or contradict each other.
        case order
        /// It is an increment, and what it builds on has not been read.
        case missingOrigin
        /// It needs a feature that is unknown, or that nobody can read without a key or other data.
        case unsupported
        /// More than the limits allow.
        case limit
        /// Something follows the end.
        case trailingGarbage
    }

    public let reason: Reason
    /// The byte of the stream at which the record begins that the error is about.
    public let offset: UInt64
    public let detail: String

    init(_ reason: Reason, at offset: UInt64, _ detail: String) {
        self.reason = reason
        self.offset = offset
        self.detail = detail
    }

    public var description: String {
        let what =
            switch reason {
            case .notAStream: "this is no ZFS send stream"
            case .truncated: "the send stream ends too early"
            case .badRecord: "the send stream has a bad record"
            case .badChecksum: "the send stream is damaged"
            case .badNameValueList: "the send stream has a bad list of properties"
            case .badBlock: "the send stream has a block that cannot be unpacked"
            case .order: "the send stream's records are out of order"
            case .missingOrigin: "the send stream is an increment"
            case .unsupported: "the send stream has something that is not supported"
            case .limit: "the send stream is over a limit"
            case .trailingGarbage: "something follows the end of the send stream"
            }
        return "\(what) (at byte \(offset): \(detail))"
    }
}

/// What is wrong, before it is known where.
struct UnplacedStreamError: Error, Equatable {
    let reason: StreamError.Reason
    let detail: String

    init(_ reason: StreamError.Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}
