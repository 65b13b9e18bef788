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

    /// - Throws: `ConfigError` for what is no whole number within its bounds. They are so that all that is reckoned with them
    ///   fits 64 bits.
    init(json: JSONValue?) throws(Failure) {
        guard let json else { return }
        guard let object = json.objectValue else {
            throw Failure(.configError, "\"docker\" in the config is not an object")
        }
        func read(_ name: String, _ setting: inout Int, atMost most: Int) throws(Failure) {
            guard let value = object[name] else { return }
            guard let number = value.intValue, (1...most).contains(number) else {
                throw Failure(
                    .configError,
                    "\"docker.\(name)\" in the config is no whole number from 1 to \(most): \(value.text())")
            }
            setting = number
        }
        try read("downloads", &downloads, atMost: 64)
        try read("manifestBytes", &manifestBytes, atMost: 1 << 30)
        try read("layers", &layers, atMost: 10_000)
        try read("layerEntries", &layerEntries, atMost: 1 << 32)
        try read("layerBytes", &layerBytes, atMost: 1 << 56)
        try read("nameLength", &nameLength, atMost: 1 << 20)
        try read("windowBytes", &windowBytes, atMost: 1 << 32)
    }
}

extension ImgadmConfig {
    /// - Throws: `ConfigError`.
    public var docker: DockerSettings {
        get throws(Failure) { try DockerSettings(json: json["docker"]) }
    }
}
