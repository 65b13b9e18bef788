import Failure
import ImageModel
import ImageTool
import JSON

/// What a command did, for programs: one object, also after an error (docs/programs.md).
struct Answer {
    let command: String
    let isDryRun: Bool
    let board: ResultBoard
    /// What ended it; nil if it was done.
    let error: (any Error)?

    var json: JSONObject {
        let results = board.results
        var object: JSONObject = [
            "command": .string(command),
            "ok": .bool(error == nil),
            "dryRun": .bool(isDryRun),
            "changed": .bool(results.contains { $0.isChange }),
            "bytes": .number(JSONNumber(Int(bytes(results)))),
            "images": .array(results.map { .object($0.json) }),
            "warnings": .array(board.warnings.map { .string($0) }),
        ]
        if let failure { object["error"] = .object(ErrorReport.json(failure)) }
        return object
    }

    /// Of what was changed.
    private func bytes(_ results: [ImageResult]) -> Int64 {
        results.filter(\.isChange).reduce(0) { ByteCount.sum($0, $1.bytes ?? 0) }
    }

    private var failure: Failure? {
        switch error {
        case nil: nil
        case is CancellationError: Failure(.stopped, "stopped by a signal")
        case let error?: Failure.wrapping(error, .internalError, "unexpected error")
        }
    }
}
