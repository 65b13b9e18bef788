import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import JSON

/// AdminImportImage, with a manifest or from another server (imgapi.md, section 10).
extension ImageResponder {
    func importImage(
        _ uuid: ImageUUID, _ request: Request, _ query: Query, _ type: AnswerType, _ catalog: Catalog
    ) async throws -> Response {
        guard try query.parameters["account"] == nil else {
            throw RequestError(.forbidden, "OperatorOnly", "only operators may import images")
        }
        let channels = try ChannelScope(writing: query.parameters, catalog.channels).names
        let source = try query.parameters["source"]
        var body: JSONObject
        if let source {
            body = try await remote().image(uuid, at: source).manifest.json
            // An icon is a file of its own, which does not come along.
            body["icon"] = nil
        } else {
            body = try await JSONBody.object(of: request)
        }
        let json = try ManifestIntake.importing(body, as: uuid, mode: repository.mode, channels: channels)
        try catalog.checkOrigin(of: json)
        try await repository.change(uuid) { [json = made(json, by: query)] stored in
            try query.rights.checkNow(of: uuid, stored: nil)
            guard stored == nil else { throw CatalogError.exists(uuid) }
            return json
        }
        return try await answer(uuid, source == nil ? query : query.newest, type)
    }

    /// - Throws: `NotAvailable` where nothing may be fetched.
    func remote() throws(RequestError) -> RemoteImages {
        guard let remotes else {
            throw RequestError(.notImplemented, "NotAvailable", "this server does not import from other servers")
        }
        return remotes
    }
}
