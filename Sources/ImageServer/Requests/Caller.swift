import ImageCatalog
import ImageModel

/// On whose behalf a request is made (imgapi.md, section 7).
struct Caller: Sendable {
    /// Nil: the operator's, who sees everything.
    let account: String?

    /// - Throws: `InvalidParameter` if `account` is not a UUID.
    init(_ parameters: QueryParameters) throws(RequestError) {
        account = try parameters["account"]
        if let account, ImageUUID(account) == nil {
            throw .invalidParameter("account", "invalid account: \"\(account)\" is not a UUID")
        }
    }

    /// For ListImages, which does not mind what an account looks like.
    init(listing parameters: QueryParameters) throws(RequestError) { account = try parameters["account"] }

    func sees(_ image: ServedImage) -> Bool {
        guard let account else { return true }
        return image.owner == account || (image.isActivated && (image.isPublic || image.acl.contains(account)))
    }
}
