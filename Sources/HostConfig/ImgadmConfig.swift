import Failure
public import ImageSource
public import JSON

/// The config of a host, `imgadm.conf` (state.md, "Files"). Keys that nobody knows survive.
public struct ImgadmConfig: Sendable, Hashable {
    /// The config as it stands in the file; empty where there is none.
    public private(set) var json: JSONObject

    /// The file, for messages.
    private let file: String?

    public init(json: JSONObject = [:], file: String? = nil) {
        self.json = json
        self.file = file
    }

    /// The image sources in the order in which they are asked. Where the config names none at all (not even an empty
    /// list), the standard source. Who they are told that asks, is looked at, too.
    ///
    /// - Throws: `ConfigError`, `InvalidSource`.
    public var sources: [SourceDescriptor] {
        get throws {
            _ = try userAgentExtra
            guard let value = json["sources"] else { return [SourceDescriptor.standard].compactMap(\.self) }
            guard let list = value.arrayValue else {
                throw Failure(
                    .configError, "\"sources\" in \(title) is not an array",
                    hint: "\"sources\": [{\"url\": \"https://images.example.com\", \"type\": \"imgapi\"}]")
            }
            var sources: [SourceDescriptor] = []
            for (place, json) in list.enumerated() {
                do {
                    sources.append(try SourceDescriptor(json: json))
                } catch {
                    throw Failure(
                        error.code, "source \(place + 1) of \(title)", cause: error, hint: error.hint,
                        statusCode: error.statusCode)
                }
            }
            return sources
        }
    }

    private var title: String { file.map { "the config file \"\($0)\"" } ?? "the config" }

    public mutating func setSources(_ sources: [SourceDescriptor]) {
        let before = json["sources"]?.arrayValue ?? []
        json["sources"] = .array(
            sources.map { source in
                var written = source.json
                // What is not known here is kept. An entry that cannot be read is none of these.
                let old = before.first { (try? SourceDescriptor(json: $0)) == source }?.objectValue
                for (key, value) in old ?? [:] where written[key] == nil { written[key] = value }
                return .object(written)
            })
        json["upgradedToVer"] = .string(ImgadmConfig.currentVersion)
    }

    /// Text to append to the User-Agent.
    ///
    /// - Throws: `ConfigError` for what is no text, or none that a header of HTTP can have (RFC 9110, 5.5).
    public var userAgentExtra: String? {
        get throws(Failure) {
            guard let value = json["userAgentExtra"], value != .null else { return nil }
            guard let text = value.stringValue, text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
                throw Failure(
                    .configError, "\"userAgentExtra\" in \(title) is no text of one line of ASCII: \(value.text())")
            }
            return text
        }
    }

    /// A UUID argument is not looked up in docker sources.
    ///
    /// - Throws: `ConfigError` for what is neither true nor false.
    public var dockerImportSkipUUIDs: Bool {
        get throws(Failure) {
            guard let value = json["dockerImportSkipUuids"], value != .null else { return true }
            guard let skips = value.boolValue else {
                throw Failure(
                    .configError,
                    "\"dockerImportSkipUuids\" in \(title) is neither true nor false: \(value.text())")
            }
            return skips
        }
    }

    /// Whether all of it can be taken for what it is meant for. Commands look at what they need.
    ///
    /// - Returns: the sources.
    /// - Throws: `ConfigError`, `InvalidSource`.
    public func checkedSources() throws -> [SourceDescriptor] {
        _ = try (dockerImportSkipUUIDs, docker)
        return try sources
    }

    /// The version of the layout that this program writes.
    static let currentVersion = "3.0.0"
}
