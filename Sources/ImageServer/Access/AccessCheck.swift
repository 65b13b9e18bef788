import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Who makes a request, and that he may.
extension ImageResponder {
    /// By the protocol, files are for everybody, whatever he shows; other reading for everybody who shows nothing wrong; writing for who
    /// has shown who he is (imgapi.md, section 8). Beyond it, reading may be for users alone, and a user may do what his scope allows.
    ///
    /// - Returns: what the caller may do; that it is enough is yet to be checked.
    /// - Throws: `UnauthorizedError`, `MethodNotAllowedError`, `UsersUnreadable`.
    func rights(
        _ request: Request, _ route: Route, target: String, _ parameters: QueryParameters
    ) async throws -> Rights {
        let isReading = request.method == .get || request.method == .head
        func rights(_ user: User?, _ needed: Scope?) -> Rights {
            Rights(user: user, needed: needed, authentication: authentication, logger: logger)
        }
        switch route {
        case .file where isReading && !authentication.isPrivate, .icon where isReading && !authentication.isPrivate:
            return rights(nil, nil)
        default: break
        }
        let user: User?
        do {
            user = try await authentication.user(request.head, target: target)
        } catch let error as RequestError {
            throw asked(error, route)
        } catch {
            throw RequestError.usersUnreadable(error, logger)
        }
        let needed = isReading ? scopeToRead(route) : try scopeToWrite(route, parameters)
        guard let needed, user == nil else { return rights(user, needed) }
        if isReading {
            // Who must be known to see the state of the server is said where it is answered.
            guard needed == .read else { return rights(nil, needed) }
            throw asked(RequestError(.unauthorized, "UnauthorizedError", "authorization is required"), route)
        }
        guard authentication.anonymous == .reads else { return rights(nil, needed) }
        guard authentication.isPossible else {
            throw RequestError(
                .methodNotAllowed, "MethodNotAllowedError",
                "\(request.method) is not allowed: this server takes no changes, since it was given none of --keys, --tokens and --users",
                headers: [.allow: Route.methods])
        }
        throw RequestError(.unauthorized, "UnauthorizedError", "authorization is required")
    }

    /// At a page it is a browser that is to ask for a password.
    private func asked(_ error: RequestError, _ route: Route) -> RequestError {
        switch route {
        case .page, .imagePage:
            var error = error
            error.headers[.wwwAuthenticate] = "Basic realm=\"images: any name, and a token\", charset=\"UTF-8\""
            return error
        default: return error
        }
    }

    /// - Returns: nil for what is for everybody.
    private func scopeToRead(_ route: Route) -> Scope? {
        switch route {
        // That there is a server is no secret to whom it answers.
        case .ping, .datasets: nil
        case .state: .admin
        case .page, .imagePage, .metrics, .images, .image, .file, .icon, .fileFromURL, .acl, .authkeys, .channels:
            authentication.isPrivate ? .read : nil
        }
    }

    private func scopeToWrite(_ route: Route, _ parameters: QueryParameters) throws -> Scope {
        switch route {
        // Whoever has the server fetch something has it send requests.
        case .fileFromURL, .state, .authkeys: .admin
        case .image, .file: try parameters["source"] != nil || parameters["action"] == "change-stor" ? .admin : .own
        default: .own
        }
    }
}
