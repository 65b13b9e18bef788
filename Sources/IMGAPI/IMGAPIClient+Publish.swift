import Crypto
import Failure
public import ImageModel
import JSON
public import Transport

/// Writing to an image server (imgapi.md, sections 10 and 12). Nothing is sent a second time by itself.
extension IMGAPIClient {
    /// AdminImportImage: makes the image, without its file.
    ///
    /// - Returns: the image as the server has it now.
    /// - Throws: `UploadError` with the server's code, message and fields; `ConnectionError`.
    public func importImage(_ manifest: Manifest, by signer: RequestSigner?) async throws -> Manifest {
        var manifest = manifest
        // An icon is a file of its own, and a manifest that speaks of one is refused (imgapi.md, section 17).
        manifest["icon"] = nil
        let body = Array(JSONValue.object(manifest.json).text().utf8)
        return try await write(
            "POST", manifest.uuid, [("action", "import")], body: .bytes(body), "the import of image \(manifest.uuid)",
            signer)
    }

    /// AddImageFile.
    ///
    /// - Parameters:
    ///   - uuid: the image, which must not be active yet.
    ///   - stream: the bytes of the file.
    ///   - size: how many those are.
    ///   - compression: as manifests name it.
    ///   - sha1: of the file, if it is known before.
    ///   - datasetGUID: of the snapshot that the file's stream makes, if it is known.
    ///   - signer: signs the request, if the server wants that.
    /// - Returns: the image as the server has it now, with the size and SHA-1 of what it received.
    public func addFile(
        _ uuid: ImageUUID, _ stream: HTTPBodyStream, size: Int64, compression: String, sha1: String?,
        datasetGUID: String? = nil, by signer: RequestSigner?
    ) async throws -> Manifest {
        try await write(
            "PUT", uuid,
            [("compression", compression)] + (sha1.map { [("sha1", $0)] } ?? [])
                + (datasetGUID.map { [("dataset_guid", $0)] } ?? []), file: true,
            body: .stream(length: size, stream), "the file of image \(uuid)", signer)
    }

    /// ActivateImage.
    public func activate(_ uuid: ImageUUID, by signer: RequestSigner?) async throws -> Manifest {
        try await write(
            "POST", uuid, [("action", "activate")], body: .bytes(Array("{}".utf8)), "the activation of image \(uuid)",
            signer)
    }

    /// DeleteImage. One that is not there is fine.
    ///
    /// - Parameter isForAllChannels: from each channel that it is in, and not from this client's alone.
    public func delete(
        _ uuid: ImageUUID, fromAllChannels isForAllChannels: Bool = false, by signer: RequestSigner?
    ) async throws {
        try await delete(uuid, isForAllChannels ? [("force_all_channels", "true")] : [], but: [], signer)
    }

    /// DeleteImage of one that is not active. One that is by now stays, and is fine, as is one that is not there; servers that
    /// do not know this condition leave it away.
    public func deleteUnactivated(_ uuid: ImageUUID, by signer: RequestSigner?) async throws {
        try await delete(uuid, [("state", ImageState.unactivated.rawValue)], but: [412], signer)
    }

    /// - Parameter others: statuses that are fine, too.
    private func delete(
        _ uuid: ImageUUID, _ query: [(String, String)], but others: [Int], _ signer: RequestSigner?
    ) async throws {
        var request = request("/images/\(uuid)", query)
        request.method = "DELETE"
        // It does no harm to ask a second time.
        let reply = try await signed(request, by: signer) {
            try await transport.reply(to: $0, limit: ImageLimits.manifest)
        }
        guard ([204, 404] + others).contains(reply.status) else {
            throw uploadFailure(reply, "the deletion of image \(uuid)", isSigned: signer != nil)
        }
    }

    func write(
        _ method: String, _ uuid: ImageUUID, _ query: [(String, String)], file: Bool = false,
        headers: [(name: String, value: String)] = [], body: HTTPRequestBody, _ what: String, _ signer: RequestSigner?
    ) async throws -> Manifest {
        var request = request("/images/\(uuid)\(file ? "/file" : "")", query)
        request.method = method
        request.body = body
        request.headers += headers
        request.headers.removeAll { $0.name == "Accept-Version" }
        request.headers.append(("Accept-Version", "*"))
        // A connection that the server is just closing would lose the next request, and nobody could say what it did.
        request.headers.append(("Connection", "close"))
        if case .bytes(let bytes) = body {
            request.headers.append(("Content-Type", "application/json"))
            request.headers.append(("Content-MD5", Base64.text(Array(Insecure.MD5.hash(data: bytes)))))
        } else {
            request.headers.append(("Content-Type", "application/octet-stream"))
        }
        let reply = try await signed(request, by: signer) {
            try await replyOnce(to: $0, deadline: file ? nil : .seconds(600))
        }
        guard reply.status == 200 else { throw uploadFailure(reply, what, isSigned: signer != nil) }
        let image = try manifest(in: reply, "the image after \(what)")
        guard image.uuid == uuid else {
            throw Failure(.uploadError, "\(base) answered with image \(image.uuid) after \(what)")
        }
        return image
    }

    /// Sends a request with a signature of all of it. A server that does not know such signatures, as it says by asking for none,
    /// is sent one of the date.
    func signed(
        _ request: HTTPRequest, by signer: RequestSigner?, send: (HTTPRequest) async throws -> HTTPReply
    ) async throws -> HTTPReply {
        guard let signer else { return try await send(request) }
        // A key that was named for this says more than a token.
        var request = request
        request.headers.removeAll { $0.name == "Authorization" }
        let reply = try await send(try await signer.sign(request, covering: .request))
        guard reply.status == 401, reply.headers["www-authenticate"]?.contains("(request-target)") != true else {
            return reply
        }
        return try await send(try await signer.sign(request, covering: .date))
    }

    /// A refusal with all that the server says: its code, its message, and what is wrong with which field (imgapi.md,
    /// section 9).
    func uploadFailure(_ reply: HTTPReply, _ what: String, isSigned: Bool) -> Failure {
        // What is not JSON is shown as it is.
        let body = try? JSONValue(parsing: reply.body)
        let fields = (body?["errors"]?.arrayValue ?? []).prefix(50).map { error in
            let field = error["field"]?.stringValue ?? "?"
            let why = [error["code"]?.stringValue, error["message"]?.stringValue].compactMap(\.self)
            return "\(field): \(why.joined(separator: ", "))"
        }
        let said = [body?["code"]?.stringValue, body?["message"]?.stringValue].compactMap(\.self)
        let text = said.isEmpty ? reply.excerpt() : reply.excerpt(of: said.joined(separator: ": "))
        let list = fields.isEmpty ? "" : " [\(reply.excerpt(of: fields.joined(separator: "; ")))]"
        let code = body?["code"]?.stringValue.flatMap { IMGAPIClient.refusals.contains($0) ? $0 : nil }
        let hint: String? =
            switch code {
            case "OriginDoesNotExist": "publish the origin first"
            // What is no image server, as one of plain files, knows nobody; it refuses who asks for a change.
            case nil where reply.status == 403 && body?["code"] == nil: IMGAPIClient.isReadOnly
            default: IMGAPIClient.changeHint(reply.status) ?? accessHint(reply.status, isSigned: isSigned)
            }
        return Failure(
            code.map(Failure.Code.init(rawValue:)) ?? IMGAPIClient.accessCode(reply.status) ?? .uploadError,
            "\(base) refused \(what) (status \(reply.status)\(text.isEmpty ? "" : ", \(text)"))\(list)",
            hint: hint, statusCode: reply.status)
    }

    /// What to do where no change of this kind is taken, whoever asks; nil for another status.
    private static func changeHint(_ status: Int) -> String? {
        switch status {
        case 405, 501: isReadOnly
        case 413:
            "the server, or a proxy before it, takes no file of this size: ask who runs it for a higher limit (nginx calls it client_max_body_size)"
        case 507: "the server has no room for it: ask who runs it to make some"
        default: nil
        }
    }

    private static let isReadOnly =
        "the server serves what it has, and takes no changes: they go to the server that it is a copy of, or its folder is changed; ask who runs it"

    /// Codes of refusals that are handed on as they are (imgapi.md, section 9): those that speak of what was sent. A code that
    /// means something else here is not taken from a server.
    private static let refusals: Set<String> = [
        "ValidationFailed", "InvalidParameter", "ImageFilesImmutable", "ImageAlreadyActivated", "NoActivationNoFile",
        "OwnerDoesNotExist", "AccountDoesNotExist", "NotImageOwner", "ImageNotShared", "OriginDoesNotExist",
        "OriginIsNotActive", "InsufficientServerVersion", "ImageHasDependentImages", "OperatorOnly",
        "ImageUuidAlreadyExists", "Upload", "Download", "NotAvailable", "StorageIsDown", "StorageUnsupported",
        "RemoteSourceError", "ServiceUnavailableError", "ResourceNotFound", "UnauthorizedError", "ForbiddenError",
        "InvalidVersion",
        "InvalidContent", "BadDigest", "PreconditionFailed", "MethodNotAllowedError",
    ]
}
