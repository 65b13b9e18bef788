import HTTPTypes
import ImageModel
import JSON
import Logging

/// What one who asks for something may do, and what it takes.
struct Rights: Sendable {
    /// Nil where nobody has shown who he is, and nobody need.
    let user: User?
    /// Nil for what is for everybody.
    let needed: Scope?
    let authentication: Authentication
    let logger: Logger

    /// - Throws: `ForbiddenError` if the user's scope does not allow what is asked for.
    func check() throws(RequestError) { if let user { try check(user) } }

    /// - Throws: `ForbiddenError` for a user whose scope does not allow that.
    func check(_ scope: Scope) throws(RequestError) { if let user { try check(user, for: scope) } }

    /// A user who may see what the anonymous are not told of.
    var isKnownReader: Bool { user?.scope.map { $0 >= .read } ?? false }

    /// - Parameter publisher: who has made the image.
    /// - Throws: `ForbiddenError` for one who may change his own, and this is none of them.
    func check(of uuid: ImageUUID, _ publisher: String?) throws(RequestError) {
        if let user { try check(user, of: uuid, publisher) }
    }

    /// The same, as tokens, keys and users are now: for where nothing else changes what is stored. A body takes as long as its sender
    /// wants, and meanwhile the UUID may have become another image, or what the sender may do less. Waits for the disk.
    ///
    /// - Parameter stored: what there is of the image by now.
    /// - Throws: `ForbiddenError`, `UnauthorizedError`, `UsersUnreadable`.
    func checkNow(of uuid: ImageUUID, stored: JSONObject?) throws(RequestError) {
        guard let user else { return }
        let now: User
        do {
            now = try authentication.user(by: user.claim)
        } catch let refusal as RequestError {
            throw refusal
        } catch {
            throw .usersUnreadable(error, logger)
        }
        guard now.name == user.name else {
            throw RequestError(.unauthorized, "UnauthorizedError", "the token is no more that of user \"\(user.name)\"")
        }
        try check(now)
        if let stored { try check(now, of: uuid, stored[ServedForm.publisherKey]?.stringValue) }
    }

    private func check(_ user: User) throws(RequestError) {
        if let needed { try check(user, for: needed) }
    }

    private func check(_ user: User, for needed: Scope) throws(RequestError) {
        if let scope = user.scope, scope >= needed { return }
        let has = user.scope.map { "the scope \"\($0.rawValue)\"" } ?? "no scope"
        throw RequestError(
            .forbidden, "ForbiddenError", "user \"\(user.name)\" has \(has), and this takes \"\(needed.rawValue)\"")
    }

    private func check(_ user: User, of uuid: ImageUUID, _ publisher: String?) throws(RequestError) {
        guard user.scope == .own, publisher != user.name else { return }
        throw RequestError(
            .forbidden, "ForbiddenError",
            "user \"\(user.name)\" may change the images that he has made, and image \(uuid) is none of them")
    }
}

extension RequestError {
    /// Who may do what cannot be told. Why is for the log alone.
    static func usersUnreadable(_ error: any Error, _ logger: Logger) -> RequestError {
        logger.error("who may do what cannot be read", metadata: ["error": "\(error)"])
        return RequestError(
            .serviceUnavailable, "UsersUnreadable",
            "the users of this server cannot be read at present; its log says why")
    }
}
