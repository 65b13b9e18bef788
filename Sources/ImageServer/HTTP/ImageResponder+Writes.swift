import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import JSON
import NIOCore

/// Requests that change images (imgapi.md, section 10).
extension ImageResponder {
    func write(_ request: Request, _ route: Route, _ query: Query, _ type: AnswerType) async throws -> Response {
        // RFC 9110, 14.5: else a part would be taken for the whole.
        if request.method == .put, let range = request.headers[.contentRange] {
            throw RequestError(
                .badRequest, "InvalidHeader", "a file is put as a whole, not in parts (Content-Range: \(range))")
        }
        try Self.checkCodings(of: request)
        switch (request.method, route) {
        case (.post, .images): return try await create(request, query, type)
        case (.post, .image(let uuid)): return try await act(on: uuid, request, query, type)
        case (.put, .file(let uuid)): return try await addFile(uuid, request, query, type)
        case (.post, .fileFromURL(let uuid)): return try await addFileFromURL(uuid, request, query, type)
        case (.put, .icon(let uuid)): return try await addIcon(uuid, request, query, type)
        case (.delete, .icon(let uuid)): return try await deleteIcon(uuid, query, type)
        case (.post, .acl(let uuid)): return try await changeACL(uuid, request, query, type)
        case (.delete, .image(let uuid)): return try await delete(uuid, query)
        case (.post, .state): return try changeState(query)
        // Keys are read anew for every request anyway.
        case (.post, .authkeys): return .json([:], as: type)
        default:
            throw RequestError(
                .methodNotAllowed, "MethodNotAllowedError", "\(request.method) is not allowed",
                headers: [.allow: route.writeMethods])
        }
    }

    /// What is put is kept as it comes: were it packed for the way alone, nobody would unpack it again. JSON may be packed.
    ///
    /// - Throws: `UnsupportedMediaType`.
    private static func checkCodings(of request: Request) throws(RequestError) {
        let coding = request.headers[.contentEncoding] ?? "identity"
        guard request.method != .put || coding.lowercased() == "identity" else {
            throw RequestError(
                .unsupportedMediaType, "UnsupportedMediaType",
                "a file is kept as it is sent, and not unpacked first (Content-Encoding: \(coding)): compression=… says how it is packed"
            )
        }
        let transfer = request.headers[.transferEncoding] ?? "chunked"
        guard transfer.lowercased() == "chunked" else {
            throw RequestError(
                .unsupportedMediaType, "UnsupportedMediaType",
                "a body may come in chunks, and not packed for the way (Transfer-Encoding: \(transfer))")
        }
    }

    private func create(_ request: Request, _ query: Query, _ type: AnswerType) async throws -> Response {
        let catalog = try await repository.catalog(.listing)
        switch try query.parameters["action"] {
        case nil: break
        case "create-from-vm"?:
            throw RequestError(.notImplemented, "NotAvailable", "this server has no VMs to make images of")
        case "import-docker-image"?, "import-lxd-image"?:
            throw RequestError(.notImplemented, "NotAvailable", "this server does not take images of registries")
        case let action?: throw RequestError.invalidParameter("action", "\"\(action)\" is not a valid action")
        }
        let channels = try ChannelScope(writing: query.parameters, catalog.channels).names
        let caller = try Caller(query.parameters)
        let json = try ManifestIntake.creating(
            try await JSONBody.object(of: request), mode: repository.mode, account: caller.account, channels: channels)
        try catalog.checkOrigin(of: json)
        let uuid = try Manifest(json).uuid
        try await repository.change(uuid) { [json = made(json, by: query)] stored in
            try query.rights.checkNow(of: uuid, stored: stored)
            return json
        }
        return try await answer(uuid, query, type)
    }

    private func act(on uuid: ImageUUID, _ request: Request, _ query: Query, _ type: AnswerType) async throws
        -> Response
    {
        guard let action = try query.parameters["action"] else {
            throw RequestError(.unprocessableContent, "InvalidParameter", "no image \"action\" was specified")
        }
        let catalog = try await repository.catalog(.changing(uuid))
        switch action {
        case "import": return try await importImage(uuid, request, query, type, catalog)
        case "import-remote", "import-from-datacenter":
            throw RequestError(.serviceUnavailable, "ServiceUnavailableError", "Workflow API is down.")
        default: break
        }
        let scope = try ChannelScope(writing: query.parameters, catalog.channels)
        let image = try await own(uuid, query, scope, catalog)
        switch action {
        case "activate", "enable", "disable":
            try await change(uuid, query, ifMatchIn: catalog) { manifest in
                if action == "activate" { try manifest.activate() } else { manifest.disable(action == "disable") }
                return manifest.json
            }
        case "update":
            let (fields, mode) = (try await JSONBody.object(of: request), repository.mode)
            AuditDetails.current?.note(
                "fields", .array(fields.keys.prefix(100).map { .string(String($0.prefix(100))) }))
            try check(channels: fields["channels"], catalog)
            try await change(uuid, query, ifMatchIn: catalog) { manifest in
                try manifest.update(fields, mode: mode)
                return manifest.json
            }
        case "channel-add" where catalog.channels != nil:
            let name = try await JSONBody.object(of: request)["channel"]?.stringValue
            guard let name else {
                throw RequestError.validationFailed(
                    "no channel was specified", .init(field: "channel", code: "MissingParameter"))
            }
            AuditDetails.current?.note("to_channel", .string(String(name.prefix(1000))))
            guard catalog.channels?.contains(name) == true else {
                throw RequestError.validationFailed("unknown channel: \(name)", .init(field: "channel"))
            }
            let standard = catalog.channels?.defaultName
            try await change(uuid, query, ifMatchIn: catalog) { manifest in
                manifest.changeChannels(standard: standard) { if !$0.contains(name) { $0.append(name) } }
                return manifest.json
            }
        case "change-stor": return try changeStorage(of: image, query, type)
        case "export":
            throw RequestError(.serviceUnavailable, "StorageUnsupported", "this server has no Manta to export to")
        default: throw RequestError.invalidParameter("action", "\"\(action)\" is not a valid action")
        }
        return try await answer(uuid, query, type)
    }

    private func changeACL(_ uuid: ImageUUID, _ request: Request, _ query: Query, _ type: AnswerType) async throws
        -> Response
    {
        let catalog = try await repository.catalog(.changing(uuid))
        _ = try await own(uuid, query, ChannelScope(writing: query.parameters, catalog.channels), catalog)
        let action = try query.parameters["action"] ?? "add"
        guard ["add", "remove"].contains(action) else {
            throw RequestError.invalidParameter("action", "\"\(action)\" is not a valid action")
        }
        let accounts = try await JSONBody.value(of: request).arrayValue?.map { $0.stringValue ?? "" }
        guard let accounts, accounts.allSatisfy({ ImageUUID($0) != nil }) else {
            throw RequestError.invalidParameter("acl", "the body is no array of UUIDs")
        }
        try await change(uuid, query) { manifest in
            manifest.changeACL { acl in
                acl.removeAll { accounts.contains($0) }
                if action == "add" { for account in accounts where !acl.contains(account) { acl.append(account) } }
            }
            return manifest.json
        }
        return try await answer(uuid, query, type)
    }

    private func delete(_ uuid: ImageUUID, _ query: Query) async throws -> Response {
        // An image that builds on it may have come a moment ago.
        let catalog = try await repository.catalog(.now)
        let scope = try ChannelScope(writing: query.parameters, catalog.channels)
        let isForAll = try query.parameters.flag("force_all_channels") ?? false
        let image = try await own(uuid, query, isForAll ? .everything : scope, catalog)
        let state = try query.parameters["state"]
        guard state == nil || state == ImageState.unactivated.rawValue else {
            throw RequestError.invalidParameter(
                "state", "a deletion can be bound to \"unactivated\", and no other state")
        }
        // With its last channel it goes altogether, and with it what an image of another channel builds on.
        let goes = isForAll || image.channels.allSatisfy { scope.names?.contains($0) ?? true }
        try catalog.checkDependents(of: uuid) { goes || scope.contains($0) }
        let standard = catalog.channels?.defaultName
        try await change(uuid, query) { manifest in
            guard state == nil || !manifest.isActivated else {
                throw RequestError(.preconditionFailed, "PreconditionFailed", "image \(uuid) is no longer unactivated")
            }
            guard case .channel(let name) = scope, !isForAll else { return nil }
            manifest.changeChannels(standard: standard) { $0.removeAll { $0 == name } }
            guard manifest.json["channels"]?.arrayValue?.isEmpty == true else { return manifest.json }
            guard goes else {
                throw RequestError(
                    .preconditionFailed, "PreconditionFailed", "the channels of image \(uuid) have changed meanwhile")
            }
            return nil
        }
        return Response(status: .noContent)
    }

    // MARK: What these have in common

    /// Changes an image, if by then the caller may.
    ///
    /// - Parameters:
    ///   - catalog: where `If-Match` counts: what it is compared with is what is stored by then.
    ///   - change: gives what is to be stored; nil to delete the image.
    func change(
        _ uuid: ImageUUID, _ query: Query, ifMatchIn catalog: Catalog? = nil,
        _ change: @escaping @Sendable (inout StoredManifest) throws -> JSONObject?
    ) async throws {
        try await repository.change(uuid) { [mode = repository.mode] stored in
            try query.rights.checkNow(of: uuid, stored: stored)
            if let catalog, let stored, query.headers[.ifMatch] != nil {
                let image = try ServedImage(stored: stored, mode: mode, channels: catalog.channels)
                _ = try Preconditions(query.headers).check(
                    entityTags: [image.text(withChannels: query.version.showsChannels).entityTag], modified: nil)
            }
            var manifest = try StoredManifest(stored, of: uuid)
            return try change(&manifest)
        }
    }

    /// An image in no channel would be one that nobody reaches.
    ///
    /// - Throws: `ValidationFailed` for what are no channels of this server.
    private func check(channels value: JSONValue?, _ catalog: Catalog) throws(RequestError) {
        guard let value, let known = catalog.channels else { return }
        let names = value.arrayValue?.map(\.stringValue)
        guard let names, !names.isEmpty, names.allSatisfy({ $0.map { known.contains($0) } ?? false }) else {
            throw .validationFailed(
                "\"channels\" is no array of channels of this server, of which an image has one at least",
                .init(field: "channels"))
        }
    }

    /// The image after a change.
    func answer(_ uuid: ImageUUID, _ query: Query, _ type: AnswerType) async throws -> Response {
        guard let image = try await repository.catalog(.changing(uuid)).image(uuid) else {
            throw RequestError(.internalServerError, "InternalError", "image \(uuid) cannot be served after the change")
        }
        return try respond(image, query, type)
    }

    /// A new image with the name of who makes it.
    func made(_ json: JSONObject, by query: Query) -> JSONObject {
        var json = json
        json[ServedForm.publisherKey] = query.user.map { .string($0.name) }
        return json
    }

    /// An image that the caller may change.
    ///
    /// - Throws: `ResourceNotFound`, `ForbiddenError`, `NotImageOwner`.
    func own(_ uuid: ImageUUID, _ query: Query, _ scope: ChannelScope, _ catalog: Catalog) async throws -> ServedImage {
        let caller = try Caller(query.parameters)
        guard let image = try catalog.image(uuid) else { throw RequestError.notFound("image \(uuid) not found") }
        guard scope.contains(image), caller.sees(image) else { throw RequestError.notFound("image not found") }
        try query.rights.check(of: uuid, image.publisher)
        if let account = caller.account, image.owner != account {
            throw RequestError(
                .unprocessableContent, "NotImageOwner", "account \(account) is not the owner of image \(uuid)")
        }
        return image
    }
}
