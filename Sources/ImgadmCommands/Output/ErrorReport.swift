import Failure
import Host
import JSON
import SystemPackage
import Terminal

/// The one place that turns an error into what the user sees (cli.md §1).
struct ErrorReport: Sendable {
    /// The command that failed, if it came to one.
    let command: String?
    let structured: Bool
    let verbose: Bool
    let records: RunLog
    let style: TextStyle

    private var prefix: String { command.map { "imgadm \(Printable.text($0))" } ?? "imgadm" }

    func show(_ failure: Failure) {
        if structured {
            var record = records.context.record(level: 50, message: failure.description)
            record["err"] = .object(ErrorReport.json(failure))
            records.context.write(record)
            return
        }
        ErrorReport.write(
            "\(prefix): \(style.alarming("error")) (\(failure.code)): \(Printable.text(failure.description))")
        if verbose {
            var cause = failure.cause
            while let error = cause {
                ErrorReport.write("  caused by: \(Printable.text(String(describing: error)))")
                cause = (error as? any CodedError)?.cause
            }
        }
        for hint in failure.hints { ErrorReport.write("  \(style.dim("hint")): \(Printable.text(hint))") }
    }

    /// A remark that is no error.
    func note(_ text: String) {
        if !structured { ErrorReport.write("\(prefix): \(Printable.text(text))") }
    }

    /// `err` of a Bunyan record, and `error` of an ``Answer``: `{message, name, code, statusCode?, cause?}`.
    static func json(_ failure: Failure) -> JSONObject {
        let code = failure.code.rawValue
        var object: JSONObject = [
            "message": .string(TypedCredentials.ofThisProcess.hidden(in: failure.description)),
            "name": .string(code.hasSuffix("Error") ? code : "\(code)Error"),
            "code": .string(code),
        ]
        if let status = failure.statusCode { object["statusCode"] = .number(JSONNumber(status)) }
        switch failure.cause {
        case let error as any CodedError: object["cause"] = .object(json(error.failure))
        case let cause?:
            object["cause"] = .string(TypedCredentials.ofThisProcess.hidden(in: String(describing: cause)))
        case nil: break
        }
        if let hint = failure.hint { object["hint"] = .string(TypedCredentials.ofThisProcess.hidden(in: hint)) }
        return object
    }

    /// Writes a line to standard error.
    static func write(_ line: String) {
        let line = TypedCredentials.ofThisProcess.hidden(in: line)
        // Where nobody reads errors, there is nowhere to tell that.
        _ = try? FileDescriptor.standardError.writeAll("\(line)\n".utf8)
    }
}
