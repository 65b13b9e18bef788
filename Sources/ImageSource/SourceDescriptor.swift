public import Failure
public import JSON
import OCIRegistry
public import Transport

/// The kinds of image source (cli.md §3, sources).
public enum SourceType: String, Sendable, Hashable, CaseIterable {
    case imgapi, docker, dsapi, simplestreams, oci

    /// A channel may be said of it: image servers part their images into such. A Docker registry does not, and is asked all the same.
    public var takesChannels: Bool { [.imgapi, .dsapi, .docker].contains(self) }

    /// What a URL tells by itself; nil if it may be of several types.
    public init?(toldBy url: String) {
        let path = url.split(separator: "?").first ?? ""
        if url.lowercased().hasPrefix("\(RepositoryAddress.scheme)://") {
            self = .oci
        } else if path.hasSuffix("/datasets") || path.hasSuffix("/datasets/") {
            self = .dsapi
        } else {
            return nil
        }
    }
}

/// An image source as the config names it (state.md).
public struct SourceDescriptor: Sendable, Hashable {
    public let type: SourceType
    public let url: ServerURL
    /// TLS certificates are not checked.
    public let insecure: Bool
    /// The channel all requests are about.
    public let channel: String?
    /// The path of the file with the token that an image server is shown; nil if there is none.
    public private(set) var tokenFile: String?

    /// - Parameters:
    ///   - text: the URL; `?channel=NAME` on it, once, selects a channel, anything else behind the `?` is refused.
    ///   - channel: overrides the URL's.
    /// - Throws: `InvalidSource`.
    public init(_ text: String, type: SourceType, insecure: Bool = false, channel: String? = nil) throws(Failure) {
        let full = try SourceDescriptor.url(text, type)
        let named = try full.value(of: "channel").map { URLEncoding.decoded($0) }
        if let other = full.query.first(where: { $0.name != "channel" }) {
            throw Failure(.invalidSource, "\"\(text)\" is not a valid source URL: unknown parameter \"\(other.name)\"")
        }
        guard type.takesChannels || (channel ?? named ?? "").isEmpty else {
            throw Failure(
                .invalidSource, "\"\(text)\" is not a valid source: those of type \(type.rawValue) have no channels")
        }
        self.type = type
        url = try SourceDescriptor.url(full.base, type)
        if type == .oci { _ = try RepositoryAddress(url, insecure: insecure) }
        self.insecure = insecure
        let chosen = channel ?? named
        self.channel = chosen?.isEmpty == true ? nil : chosen
    }

    /// A repository is called `oci://…`, unless it is reached by plain HTTP where others are reached by TLS.
    private static func url(_ text: String, _ type: SourceType) throws(Failure) -> ServerURL {
        guard type == .oci else { return try ServerURL(text) }
        if text.lowercased().hasPrefix("http://") { return try ServerURL(text) }
        let bare = text.lowercased().hasPrefix("https://") ? "\(RepositoryAddress.scheme)\(text.dropFirst(5))" : text
        return try ServerURL(bare, schemes: [RepositoryAddress.scheme])
    }

    /// The source of an installation that names none.
    public static var standard: SourceDescriptor? { try? SourceDescriptor("https://images.smartos.org", type: .imgapi) }

    /// The URL as it is shown and typed, channel included.
    public var displayURL: String { url.base + (channel.map { "?channel=\(URLEncoding.component($0))" } ?? "") }

    /// What is said of a source that was typed without a scheme.
    public func remark(onTyped text: String) -> String? {
        guard !text.contains("://"), url.scheme == "http" else { return nil }
        let taken = "\"\(text)\" names no scheme, and is taken for \(url.base)"
        // Nobody else sees what stays on this machine.
        return url.isLoopback ? taken : "\(taken), which encrypts nothing: https://\(text) does"
    }

    /// The same source with another channel.
    public func withChannel(_ channel: String?) throws(Failure) -> SourceDescriptor {
        try SourceDescriptor(url.base, type: type, insecure: insecure, channel: channel ?? self.channel)
            .withTokenFile(tokenFile)
    }

    /// A source is the same whatever the file of its token is.
    public func isSame(as other: SourceDescriptor) -> Bool {
        type == other.type && url == other.url && insecure == other.insecure && channel == other.channel
    }

    /// The same source with another file of its token, or with none.
    ///
    /// - Throws: `InvalidSource` for a source that is shown none, and for a path that means another file in each folder.
    public func withTokenFile(_ path: String?) throws(Failure) -> SourceDescriptor {
        var source = self
        source.tokenFile = path
        guard let path else { return source }
        guard type == .imgapi else {
            throw Failure(
                .invalidSource, "a token goes with a source of type imgapi, not with \(type.rawValue)",
                hint: type == .docker || type == .oci ? "docker login keeps the credentials of registries" : nil)
        }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw Failure(
                .invalidSource,
                "the token file \"\(path)\" is not named by its whole path, from / on and without blanks")
        }
        return source
    }

    /// ` (insecure)`, ` (channel=C)` where they apply.
    public var remarks: String {
        (insecure ? " (insecure)" : "") + (channel.map { " (channel=\($0))" } ?? "")
            + (tokenFile.map { " (token file \($0))" } ?? "")
    }
}

extension SourceDescriptor {
    /// `{type, url, insecure?, channel?, tokenFile?}` as the config and `sources -j` have it.
    public var json: JSONObject {
        var object: JSONObject = ["type": .string(type.rawValue), "url": .string(url.base)]
        if insecure { object["insecure"] = true }
        if let channel { object["channel"] = .string(channel) }
        if let tokenFile { object["tokenFile"] = .string(tokenFile) }
        return object
    }

    /// A source as it stands in the config; a bare URL is an imgapi source.
    ///
    /// - Throws: `ConfigError` naming what is wrong.
    public init(json: JSONValue) throws(Failure) {
        if let text = json.stringValue {
            try self.init(text, type: .imgapi)
            return
        }
        for field in ["url", "type", "channel", "tokenFile"] {
            guard let value = json[field], value != .null, value.stringValue == nil else { continue }
            throw Failure(
                .configError, "\"\(field)\" of an image source is no text: \(value.text())",
                hint: "\"\(field)\": \"…\", in quotation marks")
        }
        // What is meant as true must not be taken for false, nor the reverse.
        if let value = json["insecure"], value != .null, value.boolValue == nil {
            throw Failure(
                .configError, "\"insecure\" of an image source is neither true nor false: \(value.text())",
                hint: "\"insecure\": true, without quotation marks")
        }
        guard let url = json["url"]?.stringValue else {
            throw Failure(
                .configError,
                "an image source has no url, but \(json.objectValue.map { $0.keys.joined(separator: ", ") } ?? "is none")"
            )
        }
        let name = json["type"]?.stringValue ?? SourceType.imgapi.rawValue
        guard let type = SourceType(rawValue: name) else {
            throw Failure(
                .configError, "image source \"\(URLCredentials.hidden(in: url))\" has an unknown type \"\(name)\"",
                hint: "valid types: \(SourceType.names)")
        }
        self = try SourceDescriptor(
            url, type: type, insecure: json["insecure"]?.boolValue ?? false, channel: json["channel"]?.stringValue
        ).withTokenFile(json["tokenFile"]?.stringValue)
    }
}

extension SourceType {
    /// The valid names, for messages.
    public static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
