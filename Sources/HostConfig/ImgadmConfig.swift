import Failure
public import ImageSource
public import JSON

/// The config of a host, `imgadm.conf` (state.md, "Files"). Keys that nobody knows survive.
public struct ImgadmConfig: Sendable, Hashable {
    /// The config as it stands in the file; empty where there is none.
    public private(set) var json: JSONObject

    public init(json: JSONObject = [:]) { self.json = json }

    /// The image sources in the order in which they are asked. Where the config names none at all (not even an empty
    /// list), the standard source.
    ///
    /// - Throws: `ConfigError`, `InvalidSource`.
    public var sources: [SourceDescriptor] {
        get throws {
            guard let value = json["sources"] else { return [SourceDescriptor.standard].compactMap(\.self) }
            guard let list = value.arrayValue else {
                throw Failure(.configError, "\"sources\" in the config is not an array")
            }
            return try list.map { try SourceDescriptor(json: $0) }
        }
    }

    public mutating func setSources(_ sources: [SourceDescriptor]) {
        json["sources"] = .array(sources.map { .object($0.json) })
        json["upgradedToVer"] = .string(ImgadmConfig.currentVersion)
    }

    /// Text to append to the User-Agent.
    public var userAgentExtra: String? { json["userAgentExtra"]?.stringValue }

    /// A UUID argument is not looked up in docker sources.
    public var dockerImportSkipUUIDs: Bool { json["dockerImportSkipUuids"]?.boolValue ?? true }

    /// The version of the layout that this program writes.
    static let currentVersion = "3.0.0"
}
