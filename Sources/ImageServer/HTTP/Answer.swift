import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import NIOCore

/// Bodies of answers.
extension Response {
    /// JSON, in the form that the client accepts.
    static func json(_ value: JSONValue, as type: AnswerType, status: HTTPResponse.Status = .ok) -> Response {
        var bytes: [UInt8] = []
        value.write(to: &bytes, style: type == .text ? .compact : .indented(2))
        return Response(
            status: status, headers: [.contentType: type.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// The answer to a request that is refused.
    static func refusal(_ fault: RequestError, as type: AnswerType) -> Response {
        var response =
            type == .bytes
            ? Response(
                status: fault.status, headers: [.contentType: type.mediaType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: fault.text)))
            : json(fault.json, as: type, status: fault.status)
        response.headers.append(contentsOf: fault.headers)
        return response
    }

    static func notModified(entityTag: String?) -> Response {
        var response = Response(status: .notModified)
        response.headers[.contentLength] = nil
        if let entityTag { response.headers[.eTag] = entityTag }
        return response
    }
}

extension AnswerType {
    /// For `Content-Type`. Exactly so, without a character set: clients compare it.
    var mediaType: String {
        switch self {
        case .json: "application/json"
        case .text: "text/plain"
        case .bytes: "application/octet-stream"
        }
    }
}

/// Names of headers that the library does not know.
extension HTTPField.Name {
    static let acceptVersion = named("Accept-Version")
    static let xDate = named("x-date")
    static let forwardedProto = named("X-Forwarded-Proto")
    static let forwardedFor = named("X-Forwarded-For")
    static let fetchSite = named("Sec-Fetch-Site")
    static let origin = named("Origin")
    static let retryAfter = named("Retry-After")
    static let contentMD5 = named("Content-MD5")
    static let digest = named("Digest")
    static let contentTypeOptions = named("X-Content-Type-Options")
    static let requestID = named("x-request-id")
    static let plainRequestID = named("request-id")
    static let responseTime = named("x-response-time")
    static let serverName = named("x-server-name")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no name of a header") }
        return name
    }
}
