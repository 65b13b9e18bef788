import HTTPTypes
import ImageCatalog

/// The errors that `GET /ping?error=NAME` gives on demand, so that clients can test what they do with them
/// (imgapi.md, section 9).
enum SampleError {
    static func named(_ name: String) -> RequestError {
        let message = "a sample of this error"
        let detail = FieldFault(field: "sample", message: message)
        switch name {
        case "ValidationFailed", "InvalidParameter":
            return RequestError(.unprocessableContent, name, message, details: [detail])
        case "ImageFilesImmutable", "ImageAlreadyActivated", "NoActivationNoFile":
            return RequestError(.unprocessableContent, name, message)
        case "OperatorOnly": return RequestError(.forbidden, name, message)
        case "ImageUuidAlreadyExists": return RequestError(.conflict, name, message)
        case "StorageIsDown", "StorageUnsupported": return RequestError(.serviceUnavailable, name, message)
        case "RemoteSource": return RequestError(.serviceUnavailable, "RemoteSourceError", message)
        case "InternalError": return RequestError(.internalServerError, name, message)
        default: return .invalidParameter("error", "there is no sample of error \"\(name)\"")
        }
    }
}
