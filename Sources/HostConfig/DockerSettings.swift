import Failure
import ImageModel
import JSON

/// How docker images are dealt with: the member `docker` of the config. All of it may be left out.
public struct DockerSettings: Sendable, Hashable {
    /// Layers that are downloaded at a time, besides the one that is being unpacked.
    public var downloads = 3
    // The rest is what each of ``DockerLimits`` is of.
    public var manifestBytes = DockerLimits.manifestBytes
    public var layers = DockerLimits.layers
    public var layerEntries = DockerLimits.layerEntries
    public var layerBytes = DockerLimits.layerBytes
    public var nameLength = DockerLimits.nameLength
    public var windowBytes = DockerLimits.windowBytes

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
