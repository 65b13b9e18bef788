public import Failure
import SystemPackage

/// Something that the file system refused.
public struct FileError: CodedError {
    public enum Kind: Sendable, Hashable {
        case notPermitted, readOnly, noSpace, tooLarge, other
    }

    public let kind: Kind
    public let failure: Failure

    /// - Parameters:
    ///   - doing: what could not be done.
    ///   - path: the file.
    ///   - error: why.
    init(_ doing: String, _ path: FilePath, _ error: any Error) { self.init(doing, what: "\"\(path)\"", error) }

    /// - Parameter what: the file, as a message calls it.
    init(_ doing: String, what name: String, _ error: any Error) {
        kind =
            switch error as? Errno {
            case .noSpace?, .diskQuotaExceeded?: .noSpace
            case .permissionDenied?, .notPermitted?: .notPermitted
            case .readOnlyFileSystem?: .readOnly
            case .fileTooLarge?: .tooLarge
            default: .other
            }
        let what = "\(doing) \(name)"
        failure =
            switch kind {
            case .noSpace: Failure(.noSpace, what, cause: error, hint: "make room there")
            case .notPermitted:
                Failure(
                    .permissionDenied, what, cause: error,
                    hint: HostRoot.isOfState(name)
                        ? "run as root, or set IMGADM_ROOT to a folder of your own"
                        : "run as root or as somebody who may, or name another place")
            case .readOnly, .tooLarge, .other: Failure(.fileSystem, what, cause: error)
            }
    }
}

/// A file that another run makes or reads, or this one.
public struct FileInUse: CodedError {
    public let failure: Failure

    init(_ path: FilePath) {
        failure = Failure(
            .usage, "\"\(path)\" is being written, or read, by another run or by this one",
            hint: "wait for that to end, or give the output another name")
    }
}

/// A folder that must be ours alone, and is not.
public struct UnsafeFolder: CodedError {
    public let failure: Failure

    init(_ message: String, hint: String) { failure = Failure(.unsafeFolder, message, hint: hint) }
}
