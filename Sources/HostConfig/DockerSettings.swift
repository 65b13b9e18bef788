import Failure
import JSON

/// How docker images are dealt with: the member `docker` of the config. All of it may be left out.
public struct DockerSettings: Sendable, Hashable {
    /// Layers that are downloaded at a time, besides the one that is being unpacked.
    public var downloads = 3
    /// Bytes of a manifest, an index or a config.
    public var manifestBytes = 4 << 20
    /// Layers of an image.
    public var layers = 512
    /// Entries of a layer.
    public var layerEntries = 1_000_000
    /// Bytes of a layer's files together.
    public var layerBytes = 64 << 30
    /// Bytes of a path.
    public var nameLength = 4096
    /// Bytes of memory for the window of a compressed layer.
    public var windowBytes = 128 << 20

    public init() {}

    /// - Throws: `ConfigError` for what is no whole number above 0.
    init(json: JSONValue?) throws(Failure) {
        guard let json else { return }
        guard let object = json.objectValue else {
            throw Failure(.configError, "\"docker\" in the config is not an object")
        }
        func read(_ name: String, _ setting: inout Int) throws(Failure) {
            guard let value = object[name] else { return }
            guard let number = value.intValue, number > 0 else {
                throw Failure(
                    .configError, "\"docker.\(name)\" in the config is no whole number above 0: \(value.text())")
            }
            setting = number
        }
        try read("downloads", &downloads)
        try read("manifestBytes", &manifestBytes)
        try read("layers", &layers)
        try read("layerEntries", &layerEntries)
        try read("layerBytes", &layerBytes)
        try read("nameLength", &nameLength)
        try read("windowBytes", &windowBytes)
    }
}

extension ImgadmConfig {
    /// - Throws: `ConfigError`.
    public var docker: DockerSettings {
        get throws(Failure) { try DockerSettings(json: json["docker"]) }
    }
}
