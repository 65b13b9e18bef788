import ImageModel
import JSON
import OCIRegistry
import Synchronization
import Transport

/// A repository of a registry in memory: blobs, manifests and tags, by the rules of the distribution spec that matter here.
final class MemoryRegistry: Sendable {
    struct State: Sendable {
        var blobs: [String: [UInt8]] = [:]
        var manifests: [String: [UInt8]] = [:]
        var tags: [String: String] = [:]
        var requests: [String] = []
    }

    private let state = Mutex(State())
    /// Is asked before the registry is; may change it.
    private let interfere = Mutex<(@Sendable (_ request: String, inout State) -> Void)?>(nil)

    static let repository = "vm/images"

    func client(limits: RegistryLimits = RegistryLimits()) throws -> RemoteRepository {
        try FakeRegistry { self.answer($0) }.client(limits: limits).repository(Self.repository)
    }

    func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    func interfering(_ body: (@Sendable (_ request: String, inout State) -> Void)?) { interfere.withLock { $0 = body } }

    /// The requests since this was last asked, as method and path.
    func requests() -> [String] {
        state.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
    }

    func tag(_ name: String) -> [UInt8]? {
        state.withLock { state in state.tags[name].flatMap { state.manifests[$0] } }
    }

    /// Puts a manifest under a tag, whatever it is.
    @discardableResult
    func put(_ content: String, as tag: String) -> String {
        let bytes = Array(content.utf8)
        let digest = ContentDigest(.sha256, of: bytes).description
        change { state in
            state.manifests[digest] = bytes
            state.tags[tag] = digest
        }
        return digest
    }

    private func answer(_ request: HTTPRequest) -> FakeRegistry.Answer {
        let path = String(request.url.split(separator: "/v2/\(Self.repository)/").last ?? "")
        var body: [UInt8] = []
        if case .bytes(let bytes)? = request.body { body = bytes }
        let interfere = interfere.withLock { $0 }
        return state.withLock { state in
            interfere?("\(request.method) \(path)", &state)
            state.requests.append("\(request.method) \(path)")
            return Self.answer(request.method, path, body, &state)
        }
    }

    private static func answer(
        _ method: String, _ path: String, _ body: [UInt8], _ state: inout State
    ) -> FakeRegistry.Answer {
        let name = String(path.split(separator: "/").last ?? "").prefix { $0 != "?" }
        let digest = name.hasPrefix("sha256:") ? String(name) : state.tags[String(name)] ?? "?"
        func found(_ content: [UInt8]?) -> FakeRegistry.Answer {
            guard let content else { return .init(status: 404) }
            return .init(headers: [("Docker-Content-Digest", digest)], body: method == "HEAD" ? [] : content)
        }
        switch method {
        case "GET" where path.hasPrefix("tags/list"):
            return .json(["tags": .array(state.tags.keys.sorted().map { .string($0) })])
        case "GET" where path.hasPrefix("manifests/"), "HEAD" where path.hasPrefix("manifests/"):
            return found(state.manifests[digest])
        case "GET" where path.hasPrefix("blobs/"), "HEAD" where path.hasPrefix("blobs/"):
            return found(state.blobs[String(name)])
        case "POST": return .init(status: 202, headers: [("Location", "/v2/\(repository)/blobs/uploads/1")])
        case "PATCH":
            state.blobs["upload", default: []] += body
            return .init(status: 202)
        case "PUT" where path.hasPrefix("blobs/"):
            let content = state.blobs.removeValue(forKey: "upload") ?? []
            state.blobs[ContentDigest(.sha256, of: content).description] = content
            return .init(status: 201)
        case "PUT":
            // An index must not lead to what is not there.
            let entries = (try? JSONValue(parsing: body))?["manifests"]?.arrayValue ?? []
            guard entries.allSatisfy({ state.manifests[$0["digest"]?.stringValue ?? ""] != nil }) else {
                return .init(status: 404)
            }
            let digest = ContentDigest(.sha256, of: body).description
            state.manifests[digest] = body
            if !name.hasPrefix("sha256:") { state.tags[String(name)] = digest }
            return .init(status: 201)
        case "DELETE":
            state.manifests[digest] = nil
            state.tags = state.tags.filter { $0.value != digest }
            return .init(status: 202)
        default: return .init(status: 405)
        }
    }
}
