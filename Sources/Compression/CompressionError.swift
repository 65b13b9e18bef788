/// Why compressed data cannot be read.
public struct CompressionError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// The data is damaged, or of another format.
        case corrupt
        /// The data ends too early.
        case truncated
        /// Something follows the end of the data.
        case trailingGarbage
        /// To read it would take more memory than is allowed.
        case memoryLimit
        /// It unpacks to more than is allowed, or more of it than is allowed unpacks to nothing.
        case outputLimit
        /// It uses something that is not supported.
        case unsupported
    }

    public let reason: Reason
    public let format: CompressionFormat
    /// What exactly, where there is more to say.
    public let detail: String

    init(_ reason: Reason, _ format: CompressionFormat, _ detail: String = "") {
        self.reason = reason
        self.format = format
        self.detail = detail
    }

    public var description: String {
        let what =
            switch reason {
            case .corrupt: "the \(format) data is corrupt"
            case .truncated: "the \(format) data ends too early"
            case .trailingGarbage: "something follows the end of the \(format) data"
            case .memoryLimit: "the \(format) data needs more memory than is allowed"
            case .outputLimit: "the \(format) data is over a limit"
            case .unsupported: "the \(format) data cannot be read"
            }
        return detail.isEmpty ? what : "\(what) (\(detail))"
    }
}
