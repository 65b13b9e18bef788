import ImageCatalog
import ImageModel

/// On whose behalf a request is made (imgapi.md, section 7).
struct Caller: Sendable {
    /// Nil: the operator's, who sees everything.
    let account: String?
    /// Of states in which images are their owner's alone.
    private let seesOwnAlone: Bool

    /// - Throws: `InvalidParameter` if `account` is not a UUID.
    init(_ parameters: QueryParameters) throws(RequestError) {
        account = try parameters["account"]
        seesOwnAlone = false
        if let account, ImageUUID(account) == nil {
            throw .invalidParameter("account", "invalid account: \"\(account)\" is not a UUID")
        }
    }

    /// For ListImages, which does not mind what an account looks like.
    init(listing parameters: QueryParameters) throws(RequestError) {
        account = try parameters["account"]
        seesOwnAlone = try ["disabled", "unactivated"].contains(parameters["state"])
    }

    func sees(_ image: ServedImage) -> Bool {
        guard let account else { return true }
        return image.owner == account
            || !seesOwnAlone && (image.isActivated && (image.isPublic || image.acl.contains(account)))
    }
}
