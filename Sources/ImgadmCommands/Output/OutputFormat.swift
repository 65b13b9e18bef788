import Failure
import JSON
import Terminal

/// The form in which a listing or a value is printed.
enum OutputFormat: String, CaseIterable, Sendable {
    case table, json, jsonl, csv, yaml

    /// - Parameters:
    ///   - name: the value of `--format`.
    ///   - json: `-j` was given.
    ///   - allowed: what makes sense where it is asked for.
    /// - Throws: `Option`.
    init(_ name: String?, json: Bool, allowed: [OutputFormat] = OutputFormat.allCases) throws(Failure) {
        guard let name else {
            self = json ? .json : allowed[0]
            return
        }
        guard let format = OutputFormat(rawValue: name), allowed.contains(format) else {
            throw Failure(
                .option, "\"\(name)\" is no value of --format",
                hint: "one of \(allowed.map(\.rawValue).joined(separator: ", "))")
        }
        guard !json || format == .json else { throw Failure(.option, "-j and --format \(name) exclude each other") }
        self = format
    }

    /// For a value that is no listing.
    static let ofValues: [OutputFormat] = [.json, .yaml]
}

extension Output {
    /// A value in a format; one that is for tables prints JSON.
    func value(_ value: JSONValue, as format: OutputFormat) throws {
        if format == .yaml { try text(YAMLText.text(value)) } else { try json(value) }
    }

    /// Several values.
    func values(_ values: [JSONValue], as format: OutputFormat) throws {
        guard format == .jsonl else { return try value(.array(values), as: format) }
        for value in values {
            var bytes: [UInt8] = []
            value.write(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
            try self.bytes(bytes)
        }
    }

    /// Comma-separated values (RFC 4180, but lines end as lines do here), control characters as escapes. A cell that a
    /// spreadsheet would take for a formula stays as it is: programs read this, to whom a changed value would be a wrong one.
    func csv(_ rows: [[String?]]) throws {
        for row in rows {
            let cells = row.map { cell in
                let text = Printable.text(cell ?? "")
                let isPlain = !text.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
                // By scalars: with a combining mark behind it, a quote is no character of its own.
                return isPlain ? text : "\"\(text.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined())\""
            }
            try line(cells.joined(separator: ","))
        }
    }
}
