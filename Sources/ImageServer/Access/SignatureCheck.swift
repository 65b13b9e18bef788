import HTTPTypes
import Host
import IMGAPI
import ImageModel
import Time

/// Checks HTTP signatures (imgapi.md, section 8), and that they cover what is done: without that, who overhears a signature
/// can sign his own requests with it (draft-cavage-http-signatures-12, sections 2.3 and A.3).
struct SignatureCheck {
    /// A signature need cover no more than the date.
    let takesDateAlone: Bool

    /// How far the clock of a client may be off, and for how long a signature counts, in seconds.
    private static let skew: Int64 = 300

    /// Who is said to have signed, and what is to be the signature.
    ///
    /// - Throws: `UnauthorizedError` for what does not cover the request, or is of another time.
    func claim(_ request: HTTPRequest, target: String) throws(RequestError) -> Claim {
        guard let field = request.headerFields[.authorization] else { throw refusal("authorization is required") }
        guard field.hasPrefix("Signature "), let parameters = SignatureCheck.parameters(field.dropFirst(10)) else {
            throw refusal(
                "the Authorization header is not of the form Signature keyId=\"USER\",algorithm=…,signature=…")
        }
        guard let user = parameters["keyId"], let algorithm = parameters["algorithm"],
            let signature = parameters["signature"].flatMap({ Base64.bytes($0) })
        else { throw refusal("the signature lacks keyId, algorithm or signature") }
        guard let means = SignatureAlgorithm(named: algorithm) else {
            throw refusal("Unauthorized (\"\(algorithm)\" is not a supported http-signature signing algorithm)")
        }
        let date = try checkedDate(request)
        let names = parameters["headers"]?.split(separator: " ").map { $0.lowercased() } ?? [date]
        let digest = try checkCoverage(names, of: request, date: date, target: target)
        let lines = names.map { SignatureCheck.line($0, request, target) }
        let made = SignatureClaim(
            user: user, signature: signature, text: Array(lines.joined(separator: "\n").utf8), algorithm: means)
        return Claim(proof: .signature(made), bodyDigest: digest)
    }

    /// What may be tried instead is told in the form of the draft, section 3.1.2.
    func refusal(_ why: String) -> RequestError {
        RequestError(
            .unauthorized, "UnauthorizedError", why,
            headers: [
                .wwwAuthenticate:
                    "Signature realm=\"imgapi\",headers=\"\(takesDateAlone ? "date" : "(request-target) host date digest")\""
            ])
    }

    /// - Returns: the header that has the date.
    private func checkedDate(_ request: HTTPRequest) throws(RequestError) -> String {
        let (name, date) =
            request.headerFields[.xDate].map { ("x-date", $0) } ?? ("date", request.headerFields[.date] ?? "")
        guard let moment = HTTPDate(date) else { throw refusal("the request has no date that could be signed") }
        // Neither is further from 1970 than ten thousand years.
        let skew = abs(Timestamp.now().milliseconds / 1000 - Int64(moment.seconds))
        guard skew <= SignatureCheck.skew else {
            throw refusal("clock skew of \(skew).000s was greater than \(SignatureCheck.skew)s")
        }
        return name
    }

    /// - Returns: what the body must be, where the signature says so.
    private func checkCoverage(
        _ names: [String], of request: HTTPRequest, date: String, target: String
    ) throws(RequestError) -> BodyDigest? {
        guard names.contains(date) else { throw refusal("the signature does not cover \(date)") }
        var digest: BodyDigest?
        if names.contains("digest") {
            digest = request.headerFields[.digest].flatMap { BodyDigest(header: $0) }
            guard digest != nil else { throw refusal("the Digest header has no SHA-256") }
        }
        guard !takesDateAlone else { return digest }
        guard names.contains("(request-target)") || names.contains("request-line") else {
            throw refusal("the signature does not cover (request-target)")
        }
        guard names.contains("host") else { throw refusal("the signature does not cover host") }
        let length = request.headerFields[.contentLength]
        let hasBody = request.headerFields[.transferEncoding] != nil || !(length == nil || length == "0")
        // A sha1 in the target is compared with the file that comes.
        let query = target.split(separator: "?", maxSplits: 1).dropFirst().first
        let statesFile = request.method == .put && QueryParameters(query: query).all.contains { $0.name == "sha1" }
        guard digest != nil || !hasBody || statesFile else {
            throw refusal("the signature does not cover digest, nor does the target state the sha1 of the file")
        }
        return digest
    }

    private static func line(_ name: String, _ request: HTTPRequest, _ target: String) -> String {
        switch name {
        case "request-line": "\(request.method.rawValue) \(target) HTTP/1.1"
        case "(request-target)": "\(name): \(request.method.rawValue.lowercased()) \(target)"
        case "host": "\(name): \(request.authority ?? "")"
        default: "\(name): \(HTTPField.Name(name).flatMap { request.headerFields[$0] } ?? "")"
        }
    }

    /// `name="value"` pairs parted by commas without blanks; nil for anything else.
    static func parameters(_ text: Substring) -> [String: String]? {
        var rest = text
        var found: [String: String] = [:]
        while true {
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            guard !name.isEmpty, rest.hasPrefix("=\"") else { return nil }
            rest = rest.dropFirst(2)
            guard let end = rest.firstIndex(of: "\"") else { return nil }
            found[String(name)] = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
            if rest.isEmpty { return found }
            guard rest.first == "," else { return nil }
            rest = rest.dropFirst()
        }
    }
}
