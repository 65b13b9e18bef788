import Failure
import ImageModel
import JSON

/// A manifest brought into the form in which a server serves it (see `ServedForm`), as far as it suits that server.
struct ServedManifest {
    let uuid: ImageUUID
    let json: JSONObject
    let files: [ServedImage.File]
    let icon: ServedImage.Icon?
    let publisher: String?

    /// - Parameters:
    ///   - json: what is stored.
    ///   - channels: the server's, nil if it has none.
    /// - Throws: `InvalidManifest`, `ManifestValidation` if it breaks the rules of imgapi.md, section 4, or
    ///   does not suit the server's mode.
    init(_ stored: JSONObject, mode: ServerMode, channels: ChannelList?) throws(Failure) {
        let form = try ServedForm(stored, isPublic: mode == .public)
        uuid = form.uuid
        icon = ServedImage.Icon(form.kept["icon"])
        publisher = form.kept[ServedForm.publisherKey]?.stringValue
        var served = form.json
        guard served["public"] == .bool(mode == .public) else {
            throw Failure(
                .invalidManifest,
                "\"public\" is \(mode != .public), which does not suit a server in \(mode) mode")
        }
        if mode == .public { for key in ["billing_tags", "traits"] { served[key] = nil } }
        served["channels"] = try ServedManifest.channels(served["channels"], of: channels)
        files = (form.kept["files"]?.arrayValue ?? []).compactMap(\.objectValue).map { entry in
            let file = ImageFile(.object(entry))
            return ServedImage.File(sha1: file?.sha1, size: file?.size, contentMD5: entry["contentMD5"]?.stringValue)
        }
        json = served
    }

    /// What names no channel is in the default one: so a server with images can be given channels, and no image goes out of sight.
    private static func channels(_ named: JSONValue?, of channels: ChannelList?) throws(Failure) -> JSONValue? {
        guard let channels else { return nil }
        switch named {
        case nil, .null?, .array([])?:
            guard let name = channels.defaultName else {
                throw Failure(
                    .invalidManifest, "it names no channel, and no channel of this server is the default",
                    hint: "make one the default, or name its channels in the manifest")
            }
            return .array([.string(name)])
        case .array?: return named
        default: throw Failure(.invalidManifest, "its \"channels\" is not an array")
        }
    }
}
