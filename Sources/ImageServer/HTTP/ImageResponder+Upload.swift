import Failure
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import JSON
import Logging
import NIOCore
import Transport

/// AddImageFile, from the request itself or from elsewhere, and AddImageIcon (imgapi.md, sections 10 and 12).
extension ImageResponder {
    func addFile(_ uuid: ImageUUID, _ request: Request, _ query: Query, _ type: AnswerType) async throws -> Response {
        let image = try await target(uuid, query)
        let source = try query.parameters["source"]
        let compression = try compression(query, isOptional: source != nil)
        guard !image.isActivated else { throw CatalogError.filesImmutable(uuid) }
        var receipt = FileReceipt(.file, most: largestFile)
        receipt.sha1 = try query.parameters["sha1"]
        if let source {
            try await pull(uuid, from: source, receipt, query)
        } else {
            receipt.size = request.headers[.contentLength].flatMap { Int64($0) }
            receipt.md5 = request.headers[.contentMD5]
            receipt.description = ["compression": .string(compression)]
            if let guid = try query.parameters["dataset_guid"] { receipt.description["dataset_guid"] = .string(guid) }
            var pieces = request.body.makeAsyncIterator()
            try await take(uuid, receipt, query) { try await pieces.next(isolation: #isolation) }
        }
        return try await answer(uuid, query, type)
    }

    /// AddImageFileFromUrl.
    func addFileFromURL(
        _ uuid: ImageUUID, _ request: Request, _ query: Query, _ type: AnswerType
    ) async throws -> Response {
        let image = try await target(uuid, query)
        let compression = try compression(query, isOptional: false)
        guard let url = try await JSONBody.object(of: request)["file_url"]?.stringValue else {
            throw RequestError.validationFailed(
                "missing parameter: file_url", .init(field: "file_url", code: "MissingParameter"))
        }
        guard !image.isActivated else { throw CatalogError.filesImmutable(uuid) }
        var receipt = FileReceipt(.file, most: largestFile)
        receipt.sha1 = try query.parameters["sha1"]
        receipt.description = ["compression": .string(compression)]
        if let guid = try query.parameters["dataset_guid"] { receipt.description["dataset_guid"] = .string(guid) }
        let download = try remote().download(url)
        try await fetch(receipt, of: uuid, by: download, query)
        return try await answer(uuid, query, type)
    }

    func addIcon(_ uuid: ImageUUID, _ request: Request, _ query: Query, _ type: AnswerType) async throws -> Response {
        _ = try await target(uuid, query)
        let contentType = request.headers[.contentType] ?? ""
        guard FileReceipt.iconTypes.contains(contentType) else {
            throw RequestError(
                .badRequest, "Upload", "\"\(contentType)\" is none of \(FileReceipt.iconTypes.joined(separator: ", "))")
        }
        var receipt = FileReceipt(.icon, most: Int64(ImageLimits.icon))
        receipt.sha1 = try query.parameters["sha1"]
        receipt.size = request.headers[.contentLength].flatMap { Int64($0) }
        receipt.md5 = request.headers[.contentMD5]
        receipt.description = ["contentType": .string(contentType)]
        var pieces = request.body.makeAsyncIterator()
        try await take(uuid, receipt, query) { try await pieces.next(isolation: #isolation) }
        return try await answer(uuid, query, type)
    }

    func deleteIcon(_ uuid: ImageUUID, _ query: Query, _ type: AnswerType) async throws -> Response {
        _ = try await target(uuid, query)
        try await change(uuid, query) { manifest in
            guard manifest.has(.icon) else { throw RequestError.notFound("image \"\(uuid)\" has no icon") }
            manifest.remove(.icon)
            return manifest.json
        }
        return try await answer(uuid, query, type)
    }

    /// The image that is to get something.
    private func target(_ uuid: ImageUUID, _ query: Query) async throws -> ServedImage {
        let catalog = try await repository.catalog(.changing(uuid))
        let image = try await own(uuid, query, ChannelScope(writing: query.parameters, catalog.channels), catalog)
        guard try query.parameters["storage"] == nil || query.parameters["account"] == nil else {
            throw RequestError.invalidParameter("storage", "only operators may choose the storage")
        }
        return image
    }

    private func compression(_ query: Query, isOptional: Bool) throws(RequestError) -> String {
        guard let compression = try query.parameters["compression"] else {
            if isOptional { return "" }
            throw RequestError.validationFailed(
                "missing parameter: compression", .init(field: "compression", code: "MissingParameter"))
        }
        guard ["none", "gzip", "bzip2", "xz", "zstd"].contains(compression) else {
            throw RequestError.validationFailed("invalid compression: \"\(compression)\"", .init(field: "compression"))
        }
        return compression
    }

    /// The file and what is known of it come from another server.
    private func pull(
        _ uuid: ImageUUID, from source: String, _ receipt: FileReceipt, _ query: Query
    ) async throws {
        let (manifest, download) = try await remote().image(uuid, at: source)
        var receipt = receipt
        guard let file = manifest.files.first, let download else {
            throw RequestError(.serviceUnavailable, "RemoteSourceError", "image \(uuid) has no file on \(source)")
        }
        guard receipt.sha1 == nil || receipt.sha1 == file.sha1 else {
            throw receipt.refusal("its sha1 on \(source) is \(file.sha1 ?? "")")
        }
        if let remark = manifest.digestRemark { logger.warning("\(remark)", metadata: ["source": "\(source)"]) }
        receipt.expectFile(of: manifest)
        try await fetch(receipt, of: uuid, by: download, query)
        if manifest["icon"] == true { await pullIcon(of: uuid, from: source, query) }
    }

    /// An image is whole without its icon, and so is the answer.
    private func pullIcon(of uuid: ImageUUID, from source: String, _ query: Query) async {
        do {
            guard let icon = try await remote().icon(of: uuid, at: source) else { return }
            try await ImageIntake(repository).take(icon: icon.bytes, contentType: icon.contentType, of: uuid) {
                try query.rights.checkNow(of: uuid, stored: $0)
            }
        } catch {
            logger.warning(
                "the icon of an image could not be fetched",
                metadata: ["image": "\(uuid)", "source": "\(source)", "error": "\(error)"])
        }
    }

    /// What goes wrong with a download is the source's fault (imgapi.md, section 9).
    private func fetch(
        _ receipt: FileReceipt, of uuid: ImageUUID, by download: Download, _ query: Query
    ) async throws {
        try await take(uuid, receipt, query) {
            do {
                return try await download.next()
            } catch let error as DownloadError {
                throw RequestError(.badRequest, "Download", error.description)
            }
        }
    }

    /// Takes in a file, and counts what comes of it.
    private func take(
        _ uuid: ImageUUID, _ receipt: FileReceipt, _ query: Query, next: () async throws -> ByteBuffer?
    ) async throws {
        try await ImageIntake(repository).take(
            receipt, of: uuid,
            allowed: { try query.rights.checkNow(of: uuid, stored: $0) }
        ) {
            let piece = try await next()
            if let piece { metrics.countReceived(Int64(piece.readableBytes)) }
            return piece
        }
    }
}
