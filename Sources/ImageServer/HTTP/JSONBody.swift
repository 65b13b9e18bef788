import Compression
import Crypto
import HTTPTypes
import HummingbirdCore
import ImageModel
import JSON
import NIOCore

/// JSON that a request brings (imgapi.md, section 1).
enum JSONBody {
    /// The most bytes of a body, also of what is unpacked from it.
    private static let most = ImageLimits.manifest

    /// - Throws: `InvalidContent`, `BadDigest`, `UnsupportedMediaType`, `RequestEntityTooLarge`.
    static func object(of request: Request) async throws -> JSONObject {
        guard let object = try await value(of: request).objectValue else {
            throw RequestError(.badRequest, "InvalidContent", "the body is not a JSON object")
        }
        return object
    }

    /// - Throws: as for an object.
    static func value(of request: Request) async throws -> JSONValue {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased() ?? ""
        guard type == "application/json" else {
            throw RequestError(
                .unsupportedMediaType, "UnsupportedMediaType", "the body must be of the type application/json")
        }
        var bytes: [UInt8]
        do {
            bytes = Array(buffer: try await request.body.collect(upTo: most))
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
        if let stated = request.headers[.contentMD5] {
            guard Base64.text(Array(Insecure.MD5.hash(data: bytes))) == stated else {
                throw RequestError(.badRequest, "BadDigest", "Content-MD5 '\(stated)' is not that of the body")
            }
        }
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "identity": break
        case "gzip": bytes = try unpack(bytes)
        case let coding?:
            throw RequestError(
                .unsupportedMediaType, "UnsupportedMediaType", "the Content-Encoding \"\(coding)\" is not gzip")
        }
        do {
            return try JSONValue(parsing: bytes, limits: JSONLimits(depth: 64))
        } catch {
            throw RequestError(.badRequest, "InvalidContent", "invalid JSON: \(error)")
        }
    }

    private static func unpack(_ bytes: [UInt8]) throws -> [UInt8] {
        var unpacked: [UInt8] = []
        do {
            let decompressor = try Decompressor(.gzip, limits: DecompressionLimits(output: UInt64(most)))
            func take(_ piece: RawSpan) { unsafe piece.withUnsafeBytes { unsafe unpacked.append(contentsOf: $0) } }
            try unsafe decompressor.decode(bytes.span.bytes, emit: take)
            try decompressor.finish(emit: take)
            return unpacked
        } catch let error as CompressionError {
            guard error.reason != .outputLimit else { throw tooLarge }
            throw RequestError(.badRequest, "InvalidContent", "the body is not gzip: \(error)")
        }
    }

    private static var tooLarge: RequestError {
        RequestError(.contentTooLarge, "RequestEntityTooLarge", "the body is larger than \(most) bytes")
    }
}
