extension Failure {
    /// One failure for several: itself if there is only one, else code `MultiError`, whose message
    /// has each of them, and whose hints are those of all.
    public static func combining(_ failures: [any CodedError]) -> (any CodedError)? {
        guard let first = failures.first else { return nil }
        guard failures.count > 1 else { return first }
        let list = failures.map { "\($0.code): \($0.description)" }.joined(separator: "; ")
        var hints: [String] = []
        for hint in failures.flatMap(\.failure.hints) where !hints.contains(hint) { hints.append(hint) }
        var several = Failure(.multiError, "\(failures.count) errors: \(list)", hints: hints)
        let statuses = Set(failures.map(\.failure.exitStatus))
        several.sharedStatus = statuses.count == 1 ? statuses.first : nil
        return several
    }

    /// Any error as a failure: itself, or wrapped under `code` with what was being done.
    public static func wrapping(_ error: any Error, _ code: Code, _ message: String) -> Failure {
        if let error = error as? any CodedError { return error.failure }
        return Failure(code, message, cause: error)
    }
}
