import Failure
import Host
public import JSON
import SystemPackage

/// The channels of a server that has any (imgapi.md, section 6).
public struct ChannelList: Sendable, Equatable {
    /// One channel.
    public struct Channel: Sendable, Equatable {
        public let name: String
        public let description: String?
        public let isDefault: Bool
    }

    public let channels: [Channel]
    /// The channel of requests that name none.
    public let defaultName: String?

    /// Reads what `channels.json` has: an array of `{name, description, default}`.
    ///
    /// - Throws: `ConfigError` for anything else, a bad name, a name that comes twice, or a second default.
    init(_ value: JSONValue) throws(Failure) {
        guard let elements = value.arrayValue else { throw Self.failure("it is not an array") }
        var channels: [Channel] = []
        var defaultName: String?
        for element in elements {
            guard let name = element["name"]?.stringValue, Self.isName(name) else {
                throw Self.failure("a channel has no valid \"name\": \(element.text())")
            }
            guard !channels.contains(where: { $0.name == name }) else { throw Self.failure("\"\(name)\" comes twice") }
            let isDefault = element["default"] == true
            if isDefault {
                guard defaultName == nil else { throw Self.failure("more than one channel is the default") }
                defaultName = name
            }
            channels.append(Channel(name: name, description: element["description"]?.stringValue, isDefault: isDefault))
        }
        self.channels = channels
        self.defaultName = defaultName
    }

    /// - Throws: `ConfigError`, `FileSystemError`.
    init(file path: FilePath) throws {
        guard let bytes = try HostFile.read(path, limit: 1 << 20, from: .setUp) else {
            throw Failure(.configError, "there is no list of channels \"\(path)\"")
        }
        do {
            self = try ChannelList(JSONValue(parsing: bytes, limits: JSONLimits(depth: 64)))
        } catch {
            throw Failure(.configError, "cannot use \"\(path)\"", cause: error)
        }
    }

    /// There is a channel of this name.
    public func contains(_ name: String) -> Bool { channels.contains { $0.name == name } }

    /// The answer of ListChannels.
    public var json: JSONValue {
        .array(
            channels.map { channel in
                var object: JSONObject = ["name": .string(channel.name)]
                if let description = channel.description { object["description"] = .string(description) }
                if channel.isDefault { object["default"] = true }
                return .object(object)
            })
    }

    /// `^[a-z][a-z0-9_-]*$`
    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, ("a"..."z").contains(Unicode.Scalar(first)) else { return false }
        return name.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_" || $0 == "-"
        }
    }

    private static func failure(_ what: String) -> Failure {
        Failure(.configError, "invalid list of channels: \(what)")
    }
}
