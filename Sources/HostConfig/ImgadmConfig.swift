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
    /// list), the standard source.
    ///
    /// - Throws: `ConfigError`, `InvalidSource`.
    public var sources: [SourceDescriptor] {
        get throws {
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
    public var userAgentExtra: String? { json["userAgentExtra"]?.stringValue }

    /// A UUID argument is not looked up in docker sources.
    public var dockerImportSkipUUIDs: Bool { json["dockerImportSkipUuids"]?.boolValue ?? true }

    /// The version of the layout that this program writes.
    static let currentVersion = "3.0.0"
}
