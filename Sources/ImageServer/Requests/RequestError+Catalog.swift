import HTTPTypes
import ImageCatalog
import ImageModel

extension RequestError {
    /// A refusal of the catalog as the protocol says it: the one place where these become statuses and codes.
    init(_ refusal: CatalogError) {
        let (status, code): (HTTPResponse.Status, String) =
            switch refusal {
            case .invalid: (.unprocessableContent, "ValidationFailed")
            case .unsuitable: (.unprocessableContent, "InvalidParameter")
            case .notFound: (.notFound, "ResourceNotFound")
            case .exists: (.conflict, "ImageUuidAlreadyExists")
            case .noOrigin: (.unprocessableContent, "OriginDoesNotExist")
            case .hasDependents: (.unprocessableContent, "ImageHasDependentImages")
            case .isActivated: (.unprocessableContent, "ImageAlreadyActivated")
            case .hasNoFile: (.unprocessableContent, "NoActivationNoFile")
            case .filesImmutable: (.unprocessableContent, "ImageFilesImmutable")
            case .notAsAnnounced(.file, _): (.badRequest, "Download")
            case .notAsAnnounced(.icon, _), .tooLarge: (.badRequest, "Upload")
            }
        self.init(status, code, refusal.message, details: refusal.details)
    }
}
