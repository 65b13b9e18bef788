/// Why an archive cannot be read.
public struct TarError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// The archive ends in the middle of something.
        case truncated
        /// What should be a header is none.
        case badHeader
        /// An extended header (pax, GNU long name) is malformed.
        case badExtendedHeader
        /// The map of a sparse file is malformed or does not fit its size.
        case badSparseMap
        /// Two readers would understand it differently.
        case ambiguous
        /// A kind of entry that is no part of an image.
        case unsupported
        /// More than the limits allow.
        case limit
    }

    public let reason: Reason
    /// The byte of the archive at which the header begins that the error is about.
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
            case .truncated: "the archive ends too early"
            case .badHeader: "the archive has a bad header"
            case .badExtendedHeader: "the archive has a bad extended header"
            case .badSparseMap: "the archive has a sparse file with a bad map"
            case .ambiguous: "the archive is ambiguous"
            case .unsupported: "the archive has something that is not supported"
            case .limit: "the archive is over a limit"
            }
        return "\(what) (at byte \(offset): \(detail))"
    }
}

/// What is wrong, before it is known where.
struct UnplacedTarError: Error {
    let reason: TarError.Reason
    let detail: String

    init(_ reason: TarError.Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}
