import HTTPTypes
import ImageCatalog
import JSON

/// Why a request is refused: the error that goes back (imgapi.md, section 9).
struct RequestError: Error {
    let status: HTTPResponse.Status
    let code: String
    let message: String
    var details: [FieldFault] = []
    /// Further headers of the answer.
    var headers: HTTPFields = [:]

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, details: [FieldFault] = [],
        headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers
    }

    var json: JSONValue {
        var object: JSONObject = ["code": .string(code), "message": .string(message)]
        if !details.isEmpty {
            object["errors"] = .array(
                details.map { detail in
                    var entry: JSONObject = ["field": .string(detail.field), "code": .string(detail.code)]
                    if let message = detail.message { entry["message"] = .string(message) }
                    return .object(entry)
                })
        }
        return .object(object)
    }

    /// The plain-text form: `ResourceNotFoundError: message`.
    var text: String { "\(code.hasSuffix("Error") ? code : code + "Error"): \(message)" }
}

extension RequestError {
    static func notFound(_ message: String) -> RequestError { RequestError(.notFound, "ResourceNotFound", message) }

    /// A parameter has a bad value.
    static func invalidParameter(_ name: String, _ message: String) -> RequestError {
        RequestError(.unprocessableContent, "InvalidParameter", message, details: [FieldFault(field: name)])
    }

    static func validationFailed(_ message: String, _ detail: FieldFault) -> RequestError {
        RequestError(.unprocessableContent, "ValidationFailed", message, details: [detail])
    }
}
