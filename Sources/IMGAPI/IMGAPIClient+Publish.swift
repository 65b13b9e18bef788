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
    /// - Throws: ``ServerRefusal``; `ConnectionError`.
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
        try await delete(uuid, isForAllChannels ? [("force_all_channels", "true")] : [], orKeptFor: [], signer)
    }

    /// DeleteImage of one that is not active. One that is by now stays, and is fine, as is one that is not there; servers that
    /// do not know this condition leave it away.
    public func deleteUnactivated(_ uuid: ImageUUID, by signer: RequestSigner?) async throws {
        try await delete(uuid, [("state", ImageState.unactivated.rawValue)], orKeptFor: [.conditionFailed], signer)
    }

    /// - Parameter reasons: for which it stays, and that is fine.
    private func delete(
        _ uuid: ImageUUID, _ query: [(String, String)], orKeptFor reasons: [RefusalKind], _ signer: RequestSigner?
    ) async throws {
        var request = request("/images/\(uuid)", query)
        request.method = "DELETE"
        // It does no harm to ask a second time.
        let reply = try await signed(request, by: signer) {
            try await transport.reply(to: $0, limit: ImageLimits.manifest)
        }
        guard reply.status != 204 else { return }
        let refusal = refusal(reply, changing: "the deletion of image \(uuid)", isSigned: signer != nil)
        guard refusal.kind == .notFound || reasons.contains(refusal.kind) else { throw refusal }
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
        guard reply.status == 200 else { throw refusal(reply, changing: what, isSigned: signer != nil) }
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
}
