import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import JSON
import Logging

/// What only operators ask for: AdminGetState, AdminUpdateState, AdminChangeImageStor (imgapi.md, section 10).
extension ImageResponder {
    /// - Throws: `UnauthorizedError` for who may not write.
    func state(_ query: Query, _ type: AnswerType) async throws -> Response {
        guard query.user != nil || authentication.anonymous == .writes else {
            throw RequestError(.unauthorized, "UnauthorizedError", "authorization is required")
        }
        let catalog = try await repository.catalog(.listing)
        return .json(
            [
                "version": .string(ImageServer.version), "mode": .string(repository.mode.rawValue),
                "images": .number(JSONNumber(catalog.images.count)), "log": ["level": .string("\(logger.logLevel)")],
            ], as: type)
    }

    func changeState(_ query: Query) throws(RequestError) -> Response {
        guard let action = try query.parameters["action"] else {
            throw RequestError(.conflict, "MissingParameter", "no \"action\" was specified")
        }
        guard action == "dropcaches" else {
            throw RequestError(.conflict, "InvalidArgument", "\"\(action)\" is not a valid action")
        }
        repository.dropCaches()
        return Response(status: .accepted)
    }

    func changeStorage(of image: ServedImage, _ query: Query, _ type: AnswerType) throws -> Response {
        guard try query.parameters["account"] == nil else {
            throw RequestError(.forbidden, "OperatorOnly", "only operators may choose the storage")
        }
        // There is one, and every image is in it.
        guard try query.parameters["stor"] == "local" else {
            throw RequestError.invalidParameter("stor", "the only storage of this server is \"local\"")
        }
        return try respond(image, query.newest, type, adminFields: true)
    }
}
