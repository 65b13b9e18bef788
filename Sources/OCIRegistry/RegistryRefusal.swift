import Failure
import JSON
import Transport

/// What a registry says when it gives nothing (OCI distribution-spec, "Error Codes").
enum RegistryRefusal {
    /// - Parameter otherwise: the code where the status does not tell more.
    static func failure(
        _ reply: HTTPReply, _ what: String, _ endpoint: RegistryEndpoint, otherwise code: Failure.Code = .sourceError
    ) -> Failure {
        // What is not JSON is shown as it is.
        let errors = (try? JSONValue(parsing: reply.body))?["errors"]?.arrayValue ?? []
        let said = errors.prefix(3).map { error in
            [error["code"]?.stringValue, error["message"]?.stringValue].compactMap(\.self).joined(separator: ": ")
        }
        let reason =
            said.isEmpty ? ErrorBody.excerpt(reply.body) : ErrorBody.excerpt(Array(said.joined(separator: "; ").utf8))
        let why = "registry \"\(endpoint.name)\" (status \(reply.status)\(reason.isEmpty ? "" : ", \(reason)"))"
        switch reply.status {
        case 404 where code == .sourceError:
            return Failure(.imageNotFound, "\(what) was not found in \(why)", statusCode: 404)
        case 401, 403:
            return Failure(
                .unauthorized, "\(what) is refused by \(why)",
                hint: "it may not exist, or docker login is needed", statusCode: reply.status)
        case _ where code == .uploadError:
            return Failure(code, "\(what) was not taken by \(why)", statusCode: reply.status)
        default: return Failure(code, "\(what) could not be had from \(why)", statusCode: reply.status)
        }
    }
}
