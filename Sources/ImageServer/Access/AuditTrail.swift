import Failure
import HTTPTypes
import Host
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import JSON
import Logging
import NIOPosix
import Synchronization
import SystemPackage
import Time
import Transport

/// The record of all changes, and of those that were tried and refused by whom the server knew: a JSON object a line, on the disk before the
/// change is answered. Each is appended to whatever file has the name then, so that logrotate may rename it at any time.
struct AuditTrail: Sendable {
    private let path: FilePath

    init(_ path: FilePath) { self.path = path }

    /// Makes the file where there is none, and sure that a line can be written.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied`; so below.
    func open() async throws { try await append([]) }

    func note(_ record: JSONObject) async throws {
        var bytes: [UInt8] = []
        JSONValue.object(record).write(to: &bytes, style: .compact)
        try await append(Unprintable.escaped(bytes) + [UInt8(ascii: "\n")])
    }

    private func append(_ bytes: [UInt8]) async throws {
        try await BlockingIO.writing.runIfActive { try HostFile.append(line: bytes, to: path) }
    }
}

/// What the body of a request tells of the change that it asks for.
final class AuditDetails: Sendable {
    @TaskLocal static var current: AuditDetails?

    private let values = Mutex<JSONObject>([:])

    var noted: JSONObject { values.withLock { $0 } }

    func note(_ key: String, _ value: JSONValue) { values.withLock { $0[key] = value } }
}

extension ImageResponder {
    /// A change, recorded with how it came out.
    ///
    /// - Throws: `AuditFailed` where it cannot be recorded: before the change if that shows by then.
    func audited(
        _ request: Request, _ route: Route, _ query: Query, _ caller: RequestCaller,
        _ change: () async throws -> Response
    ) async throws -> Response {
        guard let audit else { return try await change() }
        do {
            try await audit.open()
        } catch {
            logger.error("changes cannot be recorded", metadata: ["error": "\(error)"])
            throw RequestError(
                .serviceUnavailable, "AuditFailed", "changes cannot be recorded at present, and so none is made")
        }
        let result: Result<Response, any Error>
        let details = AuditDetails()
        do {
            result = .success(try await AuditDetails.$current.withValue(details) { try await change() })
        } catch {
            result = .failure(error)
        }
        let status =
            switch result {
            case .success(let response): response.status
            case .failure(let error): fault(error, logger).status
            }
        do {
            var record = ImageResponder.record(request, route, query, caller, status: Int(status.code))
            for (key, value) in details.noted { record[key] = value }
            try await audit.note(record)
        } catch {
            logger.error("a change could not be recorded", metadata: ["error": "\(error)"])
            guard case .failure = result else {
                throw RequestError(.serviceUnavailable, "AuditFailed", "the change is made, but could not be recorded")
            }
        }
        return try result.get()
    }

    private static func record(
        _ request: Request, _ route: Route, _ query: Query, _ caller: RequestCaller, status: Int
    ) -> JSONObject {
        var record: JSONObject = [
            "time": .string(Timestamp.now().description), "user": caller.user.map { .string($0) } ?? .null,
            "address": .string(caller.addressText), "action": .string(action(request, route, query)),
            "status": .number(JSONNumber(status)), "request_id": .string(caller.id),
        ]
        record["forwarded_for"] = caller.forwardedFor.map { .string($0.plainText) }
        record["image"] = route.image.map { .string($0.description) }
        for name in ["channel", "source", "account"] {
            // One that is given twice has been refused.
            let said = (try? query.parameters[name]).flatMap { $0 }.map { URLCredentials.hidden(in: $0) }
            record[name] = said.map { .string(String($0.prefix(1000))) }
        }
        return record
    }

    /// What was to be done, in the words of the protocol.
    private static func action(_ request: Request, _ route: Route, _ query: Query) -> String {
        // One that is given twice has been refused.
        let named = (try? query.parameters["action"]).flatMap { $0 }.map { String($0.prefix(100)) }
        return switch (request.method, route) {
        case (.delete, .image): "delete"
        case (.delete, .icon): "icon-delete"
        case (.post, .image): named ?? "none"
        case (.post, .images): "create"
        case (.post, .acl): "acl-\(named ?? "add")"
        default: route.kind
        }
    }
}
