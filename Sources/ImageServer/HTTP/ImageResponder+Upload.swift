import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageModel
import JSON
import NIOCore

/// AddImageFile (imgapi.md, section 12): hashed as it comes, and nothing before it is whole.
extension ImageResponder {
    /// The most bytes of an image file.
    private static let longestFile: Int64 = 20 << 30

    func addFile(_ uuid: ImageUUID, _ request: Request, _ query: Query, _ type: AnswerType) async throws -> Response {
        let catalog = try await repository.catalog()
        let image = try await own(uuid, query, ChannelScope(writing: query.parameters, catalog.channels), catalog)
        let compression = try query.parameters["compression"]
        guard let compression else {
            throw RequestFault.validationFailed(
                "missing parameter: compression", .init(field: "compression", code: "MissingParameter"))
        }
        guard ["none", "gzip", "bzip2", "xz", "zstd"].contains(compression) else {
            throw RequestFault.validationFailed("invalid compression: \"\(compression)\"", .init(field: "compression"))
        }
        guard try query.parameters["source"] == nil else {
            throw RequestFault(.notImplemented, "NotAvailable", "this server does not import from other servers")
        }
        guard !image.isActivated else { throw ImageResponder.immutable(uuid) }
        let wanted = try query.parameters["sha1"]
        let guid = try query.parameters["dataset_guid"]
        let stated = request.headers[.contentLength].flatMap { Int64($0) }
        guard stated ?? 0 <= Self.longestFile else {
            throw RequestFault(.badRequest, "Upload", "the file is larger than \(Self.longestFile) bytes")
        }
        let upload = try await repository.upload(uuid)
        do {
            let (size, sha1, md5) = try await receive(request, into: upload)
            func failed(_ why: String) -> RequestFault { RequestFault(.badRequest, "Download", why) }
            guard size > 0 else { throw failed("the file is empty") }
            guard stated == nil || stated == size else {
                throw failed("the file has \(size) bytes, but Content-Length says \(stated ?? 0)")
            }
            guard wanted == nil || wanted == sha1 else {
                throw failed("the file has the sha1 \(sha1), but \"\(wanted ?? "")\" was stated")
            }
            var file: JSONObject = [
                "sha1": .string(sha1), "size": .number(JSONNumber(Int(size))), "compression": .string(compression),
                "contentMD5": .string(md5),
            ]
            if let guid { file["dataset_guid"] = .string(guid) }
            try await upload.commit { [file] stored in
                var manifest = try ImageResponder.manifest(stored, uuid)
                guard !manifest.isActivated else { throw ImageResponder.immutable(uuid) }
                manifest.setFile(file)
                return manifest.json
            }
        } catch {
            await upload.discard()
            throw error
        }
        return try await answer(uuid, query, type)
    }

    private func receive(_ request: Request, into upload: any FileUpload) async throws -> (
        size: Int64, sha1: String, md5: String
    ) {
        var sha1 = Insecure.SHA1()
        var md5 = Insecure.MD5()
        var size: Int64 = 0
        for try await piece in request.body {
            unsafe piece.withUnsafeReadableBytes { bytes in
                unsafe sha1.update(bufferPointer: bytes)
                unsafe md5.update(bufferPointer: bytes)
            }
            size += Int64(piece.readableBytes)
            guard size <= Self.longestFile else {
                throw RequestFault(.badRequest, "Upload", "the file is larger than \(Self.longestFile) bytes")
            }
            try await upload.append(piece)
            metrics.countReceived(Int64(piece.readableBytes))
        }
        return (size, Hexadecimal.text(sha1.finalize()), Base64.text(Array(md5.finalize())))
    }

    private static func immutable(_ uuid: ImageUUID) -> RequestFault {
        RequestFault(
            .unprocessableContent, "ImageFilesImmutable", "image \(uuid) is activated, so that its file cannot change")
    }
}
