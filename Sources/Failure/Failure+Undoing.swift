extension Failure {
    /// Puts things back after an error.
    ///
    /// - Parameters:
    ///   - error: what went wrong.
    ///   - work: puts things back.
    /// - Returns: the error; if things could not be put back, one that tells of both, with the code of the first.
    public static func undoing(_ error: any Error, _ work: () async throws -> Void) async -> any Error {
        do {
            try await work()
            return error
        } catch let second {
            let first = error as? any CodedError
            return Failure(
                first?.code ?? .internalError, "\(error); and things could not be put back",
                cause: second,
                hint: (second as? any CodedError)?.hint ?? first?.hint ?? "imgadm check shows what is not in order")
        }
    }
}
