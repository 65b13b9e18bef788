import HTTPTypes

/// The errors that `GET /ping?error=NAME` gives on demand, so that clients can test what they do with them
/// (imgapi.md, section 9).
enum SampleFault {
    static func named(_ name: String) -> RequestFault {
        let message = "a sample of this error"
        let detail = RequestFault.Detail(field: "sample", message: message)
        switch name {
        case "ValidationFailed", "InvalidParameter":
            return RequestFault(.unprocessableContent, name, message, details: [detail])
        case "ImageFilesImmutable", "ImageAlreadyActivated", "NoActivationNoFile":
            return RequestFault(.unprocessableContent, name, message)
        case "OperatorOnly": return RequestFault(.forbidden, name, message)
        case "ImageUuidAlreadyExists": return RequestFault(.conflict, name, message)
        case "StorageIsDown", "StorageUnsupported": return RequestFault(.serviceUnavailable, name, message)
        case "RemoteSource": return RequestFault(.serviceUnavailable, "RemoteSourceError", message)
        case "InternalError": return RequestFault(.internalServerError, name, message)
        default: return .invalidParameter("error", "there is no sample of error \"\(name)\"")
        }
    }
}
