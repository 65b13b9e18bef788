public import ImageModel
public import JSON
import Transport

/// What is done to images that are on a server already (imgapi.md, section 10). Nothing is sent a second time by itself, but each
/// may be asked for again.
extension IMGAPIClient {
    /// The same server, asked for images of another channel.
    public func inChannel(_ channel: String?) -> IMGAPIClient {
        var other = self
        other.channel = channel
        return other
    }

    /// EnableImage or DisableImage.
    ///
    /// - Returns: the image as the server has it now; so below.
    /// - Throws: ``ServerRefusal``; `ConnectionError`; so below.
    public func enable(_ uuid: ImageUUID, _ isEnabled: Bool, by signer: RequestSigner?) async throws -> Manifest {
        let action = isEnabled ? "enable" : "disable"
        return try await act(action, uuid, [:], "the request to \(action) image \(uuid)", signer)
    }

    /// UpdateImage: null takes a field away.
    ///
    /// - Parameter entityTag: of the image that was seen; one that has been changed since is refused. Nil for whatever it is.
    public func update(
        _ uuid: ImageUUID, _ fields: JSONObject, ifStill entityTag: String? = nil, by signer: RequestSigner?
    ) async throws -> Manifest {
        try await act(
            "update", uuid, fields, "the change of image \(uuid)", signer,
            headers: entityTag.map { [("If-Match", $0)] } ?? [])
    }

    /// ChannelAddImage, to an image of this client's channel.
    public func add(_ uuid: ImageUUID, toChannel name: String, by signer: RequestSigner?) async throws -> Manifest {
        try await act(
            "channel-add", uuid, ["channel": .string(name)], "the request to add image \(uuid) to a channel", signer)
    }

    private func act(
        _ action: String, _ uuid: ImageUUID, _ body: JSONObject, _ what: String, _ signer: RequestSigner?,
        headers: [(name: String, value: String)] = []
    ) async throws -> Manifest {
        try await write(
            "POST", uuid, [("action", action)], headers: headers,
            body: .bytes(Array(JSONValue.object(body).text().utf8)), what, signer)
    }

    /// An image in whatever state with its Etag, if the server says one; nil if there is none.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `InvalidManifest`.
    public func taggedImage(_ uuid: ImageUUID) async throws -> (manifest: Manifest, entityTag: String?)? {
        try await find(uuid).map { (try manifest($0, of: uuid), $0.headers["etag"]) }
    }
}
