public import Failure
import JSON
public import Transport

/// What an image server says when it gives or does nothing (imgapi.md, section 9).
public struct ServerRefusal: CodedError {
    public let kind: RefusalKind
    public let failure: Failure
    /// It says so as an image server does, and not as one of plain files.
    let hasCode: Bool

    /// - Parameters:
    ///   - what: was asked for.
    ///   - accessHint: what to do where it is about who asks.
    init(_ reply: HTTPReply, reading what: String, from base: String, accessHint: (RefusalKind) -> String?) {
        let answer = Answer(reply)
        kind = answer.kind
        hasCode = answer.code != nil
        failure = Failure(
            ServerRefusal.accessCode(kind) ?? .sourceError,
            "\(base) refused the request for \(what) (\(answer.text))",
            hint: accessHint(kind), statusCode: reply.status)
    }

    /// - Parameters:
    ///   - what: was to be done.
    ///   - accessHint: what to do where it is about who asks.
    init(_ reply: HTTPReply, changing what: String, at base: String, accessHint: (RefusalKind) -> String?) {
        let answer = Answer(reply)
        kind = answer.kind
        hasCode = answer.code != nil
        let code = answer.code.flatMap { ServerRefusal.handedOn.contains($0) ? $0 : nil }
        let hint: String? =
            switch (code, kind) {
            case ("OriginDoesNotExist"?, _): "publish the origin first"
            // What is no image server, as one of plain files, knows nobody; it refuses who asks for a change.
            case (_, .forbidden) where !hasCode: ServerRefusal.isReadOnly
            case _ where (300..<400).contains(reply.status):
                reply.headers["location"].map {
                    "a change is sent to no other server than the one that was named: it is at \(reply.excerpt(of: $0)) now"
                }
            default: ServerRefusal.changeHint(reply.status) ?? accessHint(kind)
            }
        failure = Failure(
            code.map(Failure.Code.init(rawValue:)) ?? ServerRefusal.accessCode(kind) ?? .uploadError,
            "\(base) refused \(what) (\(answer.text))\(answer.fields)", hint: hint, statusCode: reply.status)
    }

    /// That of a server that wants to know who asks, or that knows and refuses, whatever is asked; nil for another.
    private static func accessCode(_ kind: RefusalKind) -> Failure.Code? {
        switch kind {
        case .unauthorized: .unauthorizedError
        case .forbidden: .forbiddenError
        default: nil
        }
    }

    /// What to do where no change of this kind is taken, whoever asks; nil for another status.
    private static func changeHint(_ status: Int) -> String? {
        switch status {
        case 405, 501: isReadOnly
        case 413:
            "the server, or a proxy before it, takes no file of this size: ask who runs it for a higher limit (nginx calls it client_max_body_size)"
        case 507: "the server has no room for it: ask who runs it to make some"
        default: nil
        }
    }

    private static let isReadOnly =
        "the server serves what it has, and takes no changes: they go to the server that it is a copy of, or its folder is changed; ask who runs it"

    /// Codes of refusals that are handed on as they are (imgapi.md, section 9): those that speak of what was sent. A code that
    /// means something else here is not taken from a server.
    private static let handedOn: Set<String> = [
        "ValidationFailed", "InvalidParameter", "ImageFilesImmutable", "ImageAlreadyActivated", "NoActivationNoFile",
        "OwnerDoesNotExist", "AccountDoesNotExist", "NotImageOwner", "ImageNotShared", "OriginDoesNotExist",
        "OriginIsNotActive", "InsufficientServerVersion", "ImageHasDependentImages", "OperatorOnly",
        "ImageUuidAlreadyExists", "Upload", "Download", "NotAvailable", "StorageIsDown", "StorageUnsupported",
        "RemoteSourceError", "ServiceUnavailableError", "ResourceNotFound", "UnauthorizedError", "ForbiddenError",
        "InvalidVersion",
        "InvalidContent", "BadDigest", "PreconditionFailed", "MethodNotAllowedError",
    ]
}

/// What there is in an answer that is a refusal.
private struct Answer {
    let kind: RefusalKind
    /// As the server has it.
    let code: String?
    /// The status with what the server says of it.
    let text: String
    /// What is wrong with which field, in brackets.
    let fields: String

    init(_ reply: HTTPReply) {
        kind = RefusalKind(status: reply.status)
        // What is not JSON is shown as it is.
        let body = try? JSONValue(parsing: reply.body)
        code = body?["code"]?.stringValue
        let said = [code, body?["message"]?.stringValue].compactMap(\.self)
        let words = said.isEmpty ? reply.excerpt() : reply.excerpt(of: said.joined(separator: ": "))
        text = "status \(reply.status)\(words.isEmpty ? "" : ", \(words)")"
        let errors = (body?["errors"]?.arrayValue ?? []).prefix(50).map { error in
            let field = error["field"]?.stringValue ?? "?"
            let why = [error["code"]?.stringValue, error["message"]?.stringValue].compactMap(\.self)
            return "\(field): \(why.joined(separator: ", "))"
        }
        fields = errors.isEmpty ? "" : " [\(reply.excerpt(of: errors.joined(separator: "; ")))]"
    }
}
