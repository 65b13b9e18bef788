import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import JSON
import NIOCore

/// Ping, ListImages, GetImage, ListChannels (imgapi.md, section 10).
extension ImageResponder {
    func ping(_ query: Query, _ type: AnswerType) throws(RequestError) -> Response {
        if let error = try query.parameters["error"] { throw SampleError.named(error) }
        var answer: JSONObject = ["ping": "pong", "version": .string(ImageServer.version), "imgapi": true]
        if let user = query.user, query.rights.isKnownReader {
            answer["pid"] = .number(JSONNumber(Int(getpid())))
            answer["user"] = .string(user.name)
        }
        return .json(.object(answer), as: type)
    }

    func channels(_ type: AnswerType, _ target: String) async throws -> Response {
        guard let channels = try await repository.catalog(.listing).channels else {
            throw RequestError.notFound("\(target) does not exist")
        }
        return .json(channels.json, as: type)
    }

    func list(_ query: Query, _ type: AnswerType, _ context: Context) async throws -> Response {
        // Who looks for a name may have heard of an image that another server took in just now.
        let isSearch = try query.parameters["name"] != nil
        let catalog = try await repository.catalog(isSearch ? .named : .listing)
        let list = try ListQuery(
            query.parameters, by: query.rights, isOpen: authentication.anonymous == .writes, in: catalog)
        let images = list.select(from: catalog)
        if type == .text || list.hasAdminFields {
            return .json(
                .array(
                    try images.map {
                        try $0.json(withChannels: query.version.showsChannels, adminFields: list.hasAdminFields)
                    }), as: type)
        }
        return Response(
            status: .ok, headers: [.contentType: type.mediaType],
            body: ImageListBody(images, query.version, context.paced).body)
    }

    func image(_ uuid: ImageUUID, _ query: Query, _ type: AnswerType) async throws -> Response {
        let (image, _) = try await find(uuid, query)
        let adminFields = try query.parameters.hasAdminFields(for: query.rights)
        let text = image.text(withChannels: query.version.showsChannels)
        switch try Preconditions(query.headers).check(entityTags: [text.entityTag], modified: nil) {
        case .notModified: return .notModified(entityTag: text.entityTag)
        case .proceed: return try respond(image, query, type, adminFields: adminFields)
        }
    }

    /// An image as the answer.
    func respond(
        _ image: ServedImage, _ query: Query, _ type: AnswerType, adminFields: Bool = false
    ) throws -> Response {
        let text = image.text(withChannels: query.version.showsChannels)
        var response: Response
        if type == .text || adminFields {
            response = .json(
                try image.json(withChannels: query.version.showsChannels, adminFields: adminFields), as: type)
        } else {
            response = Response(
                status: .ok, headers: [.contentType: type.mediaType],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: text.lines)))
        }
        response.headers[.eTag] = text.entityTag
        return response
    }

    /// The image of that UUID that the caller sees in the request's channel.
    /// - Throws: `ResourceNotFound`, and what is wrong with `channel` and `account`.
    func find(_ uuid: ImageUUID, _ query: Query) async throws -> (ServedImage, Catalog) {
        let catalog = try await repository.catalog(.image(uuid))
        let scope = try ChannelScope(query.parameters, catalog.channels)
        let caller = try Caller(query.parameters)
        guard let image = try catalog.image(uuid) else { throw RequestError.notFound("image \(uuid) not found") }
        guard scope.contains(image), caller.sees(image) else { throw RequestError.notFound("image not found") }
        return (image, catalog)
    }
}
