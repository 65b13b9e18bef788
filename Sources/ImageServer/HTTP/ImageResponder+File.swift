import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import Logging
import NIOCore

/// GetImageFile and GetImageIcon (imgapi.md, section 12), with what the original lacks: HEAD and Range.
extension ImageResponder {
    func file(_ uuid: ImageUUID, _ query: Query, _ context: Context) async throws -> Response {
        let (image, _) = try await find(uuid, query)
        let index = try query.parameters["index"].flatMap { Int($0) } ?? 0
        let missing = RequestError.notFound("image \"\(uuid)\" has no file" + (index == 0 ? "" : " at index \(index)"))
        guard index == 0, let description = image.files.first,
            let file = try await repository.open(.file, of: image)
        else { throw missing }
        // What is not, or not yet, the file that the manifest speaks of must not go out under its Etag.
        let isWhole = description.size == nil || description.size == file.size
        if !isWhole {
            context.logger.warning(
                "an image file has not the size that its manifest says",
                metadata: ["image": "\(uuid)", "size": "\(file.size)", "manifest": "\(description.size ?? 0)"])
        }
        return try respond(
            file, of: image, query, context, contentType: AnswerType.bytes.mediaType,
            entityTag: isWhole ? description.sha1 : nil, contentMD5: isWhole ? description.contentMD5 : nil)
    }

    func icon(_ uuid: ImageUUID, _ query: Query, _ context: Context) async throws -> Response {
        let (image, _) = try await find(uuid, query)
        guard let icon = image.icon, let file = try await repository.open(.icon, of: image) else {
            throw RequestError.notFound("image \"\(uuid)\" has no icon")
        }
        return try respond(
            file, of: image, query, context,
            contentType: icon.contentType.flatMap { FileReceipt.iconTypes.contains($0) ? $0 : nil }
                ?? AnswerType.bytes.mediaType,
            entityTag: icon.sha1, contentMD5: icon.contentMD5)
    }

    /// A stored file, or a part of it, or that it has not changed.
    ///
    /// - Parameters:
    ///   - entityTag: nil if it is not known whether it fits.
    ///   - contentMD5: of the whole, in base64.
    private func respond(
        _ file: any StoredFile, of image: ServedImage, _ query: Query, _ context: Context, contentType: String,
        entityTag: String?, contentMD5: String?
    ) throws -> Response {
        let modified = HTTPDate(clamping: file.modified)
        let conditions = Preconditions(query.headers)
        // The original compares with the Etag of the manifest only, which no client can expect.
        let tags = [entityTag, image.text(withChannels: query.version.showsChannels).entityTag].compactMap(\.self)
        switch try conditions.check(entityTags: tags, modified: modified) {
        case .notModified: return .notModified(entityTag: entityTag)
        case .proceed: break
        }
        var headers: HTTPFields = [
            .contentType: contentType, .acceptRanges: "bytes", .lastModified: modified.description,
        ]
        headers[.eTag] = entityTag
        let range = conditions.allowsRange(entityTag: entityTag, modified: modified) ? query.headers[.range] : nil
        switch ByteRange(header: range, size: file.size) {
        case .whole:
            headers[.contentMD5] = contentMD5
            return Response(status: .ok, headers: headers, body: body(file, 0..<file.size, context.paced))
        case .part(let part):
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.size)"
            return Response(status: .partialContent, headers: headers, body: body(file, part, context.paced))
        case .unsatisfiable:
            throw RequestError(
                .rangeNotSatisfiable, "RequestedRangeNotSatisfiable", "the file has \(file.size) bytes",
                headers: [.contentRange: "bytes */\(file.size)"])
        }
    }

    private func body(_ file: any StoredFile, _ range: Range<Int64>, _ paced: PacedBody) -> ResponseBody {
        guard !range.isEmpty else { return ResponseBody() }
        return ResponseBody(contentLength: range.count) { writer in
            for try await piece in file.pieces(of: range) { try await paced.send(piece, to: &writer) }
            try await writer.finish(nil)
        }
    }
}
