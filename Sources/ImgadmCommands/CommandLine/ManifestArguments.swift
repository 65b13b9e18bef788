import Compression
import Failure
import Host
import ImageModel
import JSON
import SystemPackage

/// What the commands that make images are told of them.
enum ManifestArguments {
    /// Fields whose values are texts, also where they look like numbers.
    private static let texts: Set = [
        "name", "version", "description", "homepage", "type", "os", "nic_driver", "disk_driver", "cpu_type",
    ]

    /// Arguments of the form FIELD=VALUE.
    ///
    /// - Throws: `Usage`.
    static func fields(_ arguments: some Sequence<String>) throws(Failure) -> [(path: String, value: JSONValue)] {
        var fields: [(path: String, value: JSONValue)] = []
        for argument in arguments {
            guard let sign = argument.firstIndex(of: "="), sign != argument.startIndex else {
                throw Failure(.usage, "invalid argument: \"\(argument)\" (must be of the form \"field=value\")")
            }
            let text = String(argument[argument.index(after: sign)...])
            let field = String(argument[..<sign])
            // What is no JSON is a text.
            let json = texts.contains(field) ? nil : try? JSONValue(parsing: text)
            fields.append((field, json ?? .string(text)))
        }
        return fields
    }

    /// - Throws: `Option`.
    static func compression(_ name: String) throws(Failure) -> CompressionFormat {
        guard let format = CompressionFormat(rawValue: name) else {
            throw Failure(
                .option, "\"\(name)\" is no compression",
                hint: "one of \(CompressionFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return format
    }

    /// The manifest in a file; `-`: on standard input.
    ///
    /// - Throws: `Usage`, `InvalidManifest`; `FileSystemError`.
    static func manifest(_ name: String) async throws -> JSONObject { try await object(name, what: "manifest") }

    /// The JSON object in a file; `-`: on standard input.
    ///
    /// - Parameter what: what it is, for messages.
    /// - Throws: as above.
    static func object(_ name: String, what: String) async throws -> JSONObject {
        let bytes =
            name == "-"
            ? try await StandardInput.read(limit: ImageLimits.manifest)
            : try await HostFile.readHandedOver(FilePath(name), limit: ImageLimits.manifest)
        guard let bytes else { throw Failure(.usage, "\(what) path does not exist: \"\(name)\"") }
        do {
            guard let object = try JSONValue(parsing: bytes).objectValue else {
                throw Failure(.invalidManifest, "the \(what) \"\(name)\" is not a JSON object")
            }
            return object
        } catch let error as JSONError {
            throw Failure(.invalidManifest, "the \(what) \"\(name)\" is not JSON", cause: error, hint: error.slip)
        }
    }
}
