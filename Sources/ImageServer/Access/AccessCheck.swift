import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Who makes a request, and that he may.
extension ImageResponder {
    /// By the protocol, files are for everybody, whatever he shows; other reading for everybody who shows nothing wrong; writing for who
    /// has shown who he is (imgapi.md, section 8). Beyond it, reading may be for users alone, and a user may do what his scope allows.
    ///
    /// - Throws: `UnauthorizedError`, `MethodNotAllowedError`.
    func user(
        _ request: Request, _ route: Route, target: String, _ parameters: QueryParameters
    ) async throws -> User? {
        let isReading = request.method == .get || request.method == .head
        switch route {
        case .file where isReading && !authentication.isPrivate, .icon where isReading && !authentication.isPrivate:
            return nil
        default: break
        }
        let user: User?
        do {
            user = try await authentication.user(request.head, target: target)
        } catch let error as RequestError {
            throw asked(error, route)
        }
        let needed = isReading ? scopeToRead(route) : try scopeToWrite(route, parameters)
        guard let needed, user == nil else { return user }
        if isReading {
            // Who must be known to see the state of the server is said where it is answered.
            guard needed == .read else { return nil }
            throw asked(RequestError(.unauthorized, "UnauthorizedError", "authorization is required"), route)
        }
        guard authentication.anonymous == .reads else { return nil }
        guard authentication.isPossible else {
            throw RequestError(
                .methodNotAllowed, "MethodNotAllowedError", "\(request.method) is not allowed",
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

    /// - Throws: `ForbiddenError` if a user's scope does not allow what is asked for.
    func allow(_ user: User?, _ request: Request, _ route: Route, _ parameters: QueryParameters) throws {
        let isReading = request.method == .get || request.method == .head
        let needed = isReading ? scopeToRead(route) : try scopeToWrite(route, parameters)
        guard let user, let needed else { return }
        if let scope = user.scope, scope >= needed { return }
        let has = user.scope.map { "the scope \"\($0.rawValue)\"" } ?? "no scope"
        throw RequestError(
            .forbidden, "ForbiddenError", "user \"\(user.name)\" has \(has), and this takes \"\(needed.rawValue)\"")
    }
}
