import ImageModel
import JSON
import Logging
import NIOCore
import OCIRegistry
import Synchronization
import TestClock
import Transport

/// A registry without a network: answers by method and path, and remembers what it was asked.
final class FakeRegistry: HTTPSender {
    struct Answer: Sendable, CustomStringConvertible {
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// Bodies are long, and lists of tests are to be read.
        var description: String { "\(status), \(body.count) bytes" }

        static func json(_ json: JSONValue, type: String = "") -> Answer { text(json.text(), type: type) }
        static func text(_ text: String, type: String = "") -> Answer {
            Answer(headers: [("Content-Type", type)], body: Array(text.utf8))
        }
    }

    private let respond: @Sendable (HTTPRequest) -> Answer?
    private let seen = Mutex<[HTTPRequest]>([])

    init(_ respond: @escaping @Sendable (HTTPRequest) -> Answer?) { self.respond = respond }

    /// - Parameter answers: by the URL's path below `/v2/REPOSITORY/`.
    convenience init(_ answers: [String: Answer]) {
        self.init { request in answers.first { request.url.hasSuffix("/\($0.key)") }?.value }
    }

    var requests: [HTTPRequest] { seen.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        seen.withLock { $0.append(request) }
        let answer = respond(request) ?? Answer(status: 404)
        let body = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(bytes: answer.body))
            continuation.finish()
        }
        return HTTPResponse(status: answer.status, headers: HTTPHeaderList(answer.headers), body: body)
    }

    /// A client of it, at the registry that a reference names.
    func client(
        _ host: String = "registry.example", credentials: any CredentialSource = NoCredentials(),
        limits: RegistryLimits = RegistryLimits()
    ) throws -> RegistryClient {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var settings = TransportSettings()
        settings.clock = SteppingClock()
        return RegistryClient(
            try RegistryEndpoint(host: host), credentials: credentials,
            transport: Transport(sender: self, settings: settings, log: log), limits: limits, log: log)
    }
}

/// Always the same credentials.
struct FixedCredentials: CredentialSource {
    let known: RegistryCredentials?
    func credentials(for host: String) -> RegistryCredentials? { known }
}

/// Pieces of manifests.
enum Piece {
    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"

    /// The digest of a text.
    static func digest(_ text: String) -> ContentDigest { ContentDigest(.sha256, of: Array(text.utf8)) }

    static func descriptor(_ type: String, _ content: String, _ more: JSONObject = [:]) -> JSONValue {
        var object: JSONObject = [
            "mediaType": .string(type), "digest": .string(digest(content).description),
            "size": .number(JSONNumber(content.utf8.count)),
        ]
        for (key, value) in more { object[key] = value }
        return .object(object)
    }

    static let config = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-01-02T03:04:05Z\"}"

    static func layer(_ name: String, type: String = "application/vnd.oci.image.layer.v1.tar+gzip") -> JSONValue {
        descriptor(type, name)
    }

    static func manifest(_ layers: [JSONValue], _ more: JSONObject = [:]) -> JSONValue {
        var object: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(manifestType),
            "config": descriptor("application/vnd.oci.image.config.v1+json", config), "layers": .array(layers),
        ]
        for (key, value) in more { object[key] = value == .null ? nil : value }
        return .object(object)
    }
}

/// Answers in turn; nothing after the last.
final class Script: Sendable {
    private let answers: Mutex<[FakeRegistry.Answer]>

    init(_ answers: [FakeRegistry.Answer]) { self.answers = Mutex(answers) }

    func next() -> FakeRegistry.Answer? { answers.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}
