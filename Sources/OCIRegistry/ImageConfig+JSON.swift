import Failure
import ImageModel
import JSON

extension ImageConfig {
    /// Reads a config. Fields of a wrong type count for nothing, but the digests must be right.
    ///
    /// - Throws: `SourceError`.
    init(_ json: JSONValue) throws(Failure) {
        guard json.objectValue != nil else { throw Failure(.sourceError, "the config of the image is no JSON object") }
        func texts(_ value: JSONValue?) -> [String]? { value?.arrayValue?.compactMap(\.stringValue) }
        let settings = json["config"]
        var digests: [ContentDigest] = []
        for value in json["rootfs"]?["diff_ids"]?.arrayValue ?? [] {
            guard let digest = value.stringValue.flatMap({ ContentDigest($0) }) else {
                throw Failure(.sourceError, "the config of the image has a bad digest of a layer: \(value.text())")
            }
            digests.append(digest)
        }
        self.init(
            created: json["created"]?.stringValue, architecture: json["architecture"]?.stringValue,
            os: json["os"]?.stringValue, variant: json["variant"]?.stringValue,
            comment: json["comment"]?.stringValue, buildCommand: texts(json["container_config"]?["Cmd"]) ?? [],
            command: texts(settings?["Cmd"]), entrypoint: texts(settings?["Entrypoint"]),
            environment: texts(settings?["Env"]), workingFolder: settings?["WorkingDir"]?.stringValue,
            diffIDs: digests)
    }
}
