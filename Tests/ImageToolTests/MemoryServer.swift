import ImageModel
import JSON
import NIOCore
import Synchronization
import Transport

/// An image server whose images are in memory, reached without a network (imgapi.md, GetImage and GetImageFile).
final class MemoryServer: HTTPSender {
    private struct State {
        var images: [String: (manifest: JSONObject, file: [UInt8])] = [:]
        var fetched: [String] = []
    }

    private let state = Mutex(State())

    /// - Parameter file: what is sent as the image's file.
    func add(_ manifest: Manifest, file: [UInt8]) {
        state.withLock { $0.images["\(manifest.uuid)"] = (manifest.json, file) }
    }

    /// Changes what it says of an image.
    func edit(_ uuid: ImageUUID, _ change: (inout JSONObject) -> Void) {
        state.withLock { state in
            guard var image = state.images["\(uuid)"] else { return }
            change(&image.manifest)
            state.images["\(uuid)"] = image
        }
    }

    func remove(_ uuid: ImageUUID) { state.withLock { $0.images["\(uuid)"] = nil } }

    /// The images whose files were asked for.
    var fetched: Set<ImageUUID> { Set(state.withLock { $0.fetched }.compactMap { ImageUUID($0) }) }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let path = request.url.split(separator: "?").first?.split(separator: "/").dropFirst(2).map(String.init) ?? []
        let body: [UInt8]? = state.withLock { state in
            guard path.count >= 2, path[0] == "images", let image = state.images[path[1]] else { return nil }
            guard path.last == "file" else { return Array(JSONValue.object(image.manifest).text().utf8) }
            state.fetched.append(path[1])
            return image.file
        }
        let bytes = body ?? Array(#"{"code":"ResourceNotFound","message":"it is not here"}"#.utf8)
        return HTTPResponse(
            status: body == nil ? 404 : 200, headers: HTTPHeaderList([("Content-Length", "\(bytes.count)")]),
            body: AsyncThrowingStream { continuation in
                continuation.yield(ByteBuffer(bytes: bytes))
                continuation.finish()
            })
    }
}
