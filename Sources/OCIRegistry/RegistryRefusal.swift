public import Failure
import JSON
import Transport

/// What a registry says when it gives or takes nothing (OCI distribution-spec, "Error Codes").
public struct RegistryRefusal: CodedError {
    public enum Kind: Sendable, Hashable {
        case notFound, unauthorized, other
    }

    public let kind: Kind
    public let failure: Failure

    /// - Parameter code: where the status does not tell more.
    init(_ reply: HTTPReply, _ what: String, _ endpoint: RegistryEndpoint, otherwise code: Failure.Code) {
        // What is not JSON is shown as it is.
        let errors = (try? JSONValue(parsing: reply.body))?["errors"]?.arrayValue ?? []
        let said = errors.prefix(3).map { error in
            [error["code"]?.stringValue, error["message"]?.stringValue].compactMap(\.self).joined(separator: ": ")
        }
        let reason = said.isEmpty ? reply.excerpt() : reply.excerpt(of: said.joined(separator: "; "))
        let why = "registry \"\(endpoint.name)\" (status \(reply.status)\(reason.isEmpty ? "" : ", \(reason)"))"
        kind =
            switch reply.status {
            case 404 where code == .sourceError: .notFound
            case 401, 403: .unauthorized
            default: .other
            }
        failure =
            switch kind {
            case .notFound: Failure(.imageNotFound, "\(what) was not found in \(why)", statusCode: 404)
            case .unauthorized:
                Failure(
                    .unauthorized, "\(what) is refused by \(why)",
                    hint: "it may not exist, or docker login is needed", statusCode: reply.status)
            case .other where code == .uploadError:
                Failure(
                    code, "\(what) was not taken by \(why)",
                    hint: Transport.isPassing(status: reply.status)
                        ? "it may be busy: the same command sends later what is missing" : nil, statusCode: reply.status
                )
            case .other: Failure(code, "\(what) could not be had from \(why)", statusCode: reply.status)
            }
    }
}
