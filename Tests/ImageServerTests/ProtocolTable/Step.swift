import Host
import JSON
import Testing

/// A request, and what is expected of its answer. Steps are taken in order; one may build on those before it.
struct Step: Sendable {
    let method: String
    let target: String
    var headers: [String: String] = [:]
    var body: [UInt8]?
    let status: Int
    /// Of an error.
    var code: String?
    /// The fields that the errors of a refusal name, in order.
    var fields: [String]?
    /// Members that the answer has, among others.
    var has: JSONObject = [:]
    var lacks: [String] = []
    /// Names of the images of a listing, in order.
    var names: [String]?
    var answerHeaders: [String: String] = [:]
    var text: String?

    init(_ method: String, _ target: String, _ status: Int, _ code: String? = nil) {
        self.method = method
        self.target = target
        self.status = status
        self.code = code
    }

    static func get(_ target: String, _ status: Int = 200, _ code: String? = nil) -> Step {
        Step("GET", target, status, code)
    }
    static func post(_ target: String, _ json: JSONValue?, _ status: Int = 200, _ code: String? = nil) -> Step {
        var step = Step("POST", target, status, code)
        if let json {
            step.body = Array(json.text().utf8)
            step.headers["Content-Type"] = "application/json"
        }
        return step
    }
    static func put(_ target: String, _ body: String, _ status: Int = 200, _ code: String? = nil) -> Step {
        var step = Step("PUT", target, status, code)
        step.body = Array(body.utf8)
        return step
    }
    static func delete(_ target: String, _ status: Int = 204, _ code: String? = nil) -> Step {
        Step("DELETE", target, status, code)
    }

    // What is expected, or sent, beside that.

    func with(_ headers: [String: String]) -> Step { changed { $0.headers.merge(headers) { $1 } } }
    func sending(_ body: [UInt8]) -> Step { changed { $0.body = body } }
    func has(_ members: JSONObject) -> Step { changed { $0.has = members } }
    func lacks(_ keys: String...) -> Step { changed { $0.lacks = keys } }
    func lists(_ names: String...) -> Step { changed { $0.names = names } }
    func naming(_ fields: String...) -> Step { changed { $0.fields = fields } }
    func answering(_ headers: [String: String]) -> Step { changed { $0.answerHeaders = headers } }
    func saying(_ text: String) -> Step { changed { $0.text = text } }

    private func changed(_ change: (inout Step) -> Void) -> Step {
        var step = self
        change(&step)
        return step
    }

    func take(_ server: RunningServer) async throws {
        var all = headers
        if let body { all["Content-Length"] = "\(body.count)" }
        let reply = try await server.send(method, target, bytes: body ?? [], all)
        let what = "\(method) \(target) \(headers) \(String(decoding: (body ?? []).prefix(200), as: UTF8.self))"
        #expect(reply.status == status, "\(what): \(reply.status) \(reply.text)")
        if let code { #expect(reply.code == code, "\(what): \(reply.text)") }
        if let fields {
            let named = reply.json?["errors"]?.arrayValue?.compactMap { $0["field"]?.stringValue }
            #expect(named == fields, "\(what): \(reply.text)")
        }
        for (key, value) in has { #expect(reply.json?[key] == value, "\(what): \(key) in \(reply.text)") }
        for key in lacks { #expect(reply.json?[key] == nil, "\(what): \(key) in \(reply.text)") }
        if let names { #expect(reply.list("name") == names, "\(what)") }
        for (name, value) in answerHeaders {
            #expect(reply.headers[name] == value, "\(what): \(name) in \(reply.headers)")
        }
        if let text { #expect(reply.text == text, "\(what)") }
    }
}
