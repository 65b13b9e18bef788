import Crypto
import IMGAPI
import ImageModel
import JSON
import Logging
import NIOCore
import RawBytes
import Synchronization
import TestClock
import Transport

/// An image server in memory: lists, manifests, files and icons.
final class MemoryServer: HTTPSender {
    struct Image: Sendable {
        var manifest: JSONObject
        var file: [UInt8]
        var icon: (bytes: [UInt8], type: String)?

        /// - Parameter origin: the number of the image it builds on.
        init(_ number: Int, on origin: Int? = nil) {
            file = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1000)
            manifest = [
                "v": 2, "uuid": .string(uuid(number).description), "owner": .string(ImageUUID.zero.description),
                "name": .string("image-\(number)"), "version": "1", "state": "active", "disabled": false,
                "public": true,
                "published_at": "2024-01-01T00:00:00Z", "type": "zone-dataset", "os": "smartos",
                "files": [
                    [
                        "size": 1000, "compression": "none",
                        "sha1": .string(Hexadecimal.text(Insecure.SHA1.hash(data: file))),
                    ]
                ],
            ]
            if let origin { manifest["origin"] = .string(uuid(origin).description) }
        }

        /// States a digest of the file.
        mutating func state(digest: String) {
            guard var file = manifest["files"]?[0]?.objectValue else { return }
            file["digest"] = .string(digest)
            manifest["files"] = [.object(file)]
        }
    }

    private struct State {
        var files: [ImageUUID] = []
        var running = 0
        var most = 0
        var whenAsked: @Sendable () -> Void = {}
    }

    private let images: [ImageUUID: Image]
    /// The ends of paths that are answered 500.
    private let broken: [String]
    /// What else the list has.
    private let entries: [JSONValue]
    private let state = Mutex(State())

    init(_ images: [Image], broken: [String] = [], entries: [JSONValue] = []) {
        self.broken = broken
        self.entries = entries
        self.images = Dictionary(
            uniqueKeysWithValues: images.map { image in
                (image.manifest["uuid"]?.stringValue.flatMap { ImageUUID($0) } ?? .zero, image)
            })
    }

    /// Something happens elsewhere as soon as a file is asked for.
    func whenAFileIsAskedFor(_ work: @escaping @Sendable () -> Void) { state.withLock { $0.whenAsked = work } }

    /// The images whose files were asked for.
    var files: [ImageUUID] { state.withLock { $0.files } }
    /// How many files were under way at a time.
    var mostAtATime: Int { state.withLock { $0.most } }

    var transport: Transport {
        var settings = TransportSettings()
        settings.patience = .zero
        settings.clock = SteppingClock()
        return Transport(
            sender: self, settings: settings, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    var client: IMGAPIClient {
        IMGAPIClient(
            base: "http://images.example", channel: nil, insecure: false, requestID: ImageUUID.zero.description,
            transport: transport)
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let path = request.url.split(separator: "/").dropFirst(2)
        guard path.count > 1 else {
            let list = images.values.sorted { $0.file[0] < $1.file[0] }.map { JSONValue.object($0.manifest) }
            return answer(200, Array(JSONValue.array(list + entries).text().utf8))
        }
        if broken.contains(where: request.url.hasSuffix) { return answer(500, Array("{}".utf8)) }
        guard let uuid = path.dropFirst().first.flatMap({ ImageUUID(String($0)) }), let image = images[uuid] else {
            return answer(404, [])
        }
        switch path.last {
        case "file": return file(image, uuid)
        case "icon":
            guard let icon = image.icon else { return answer(404, []) }
            return answer(200, icon.bytes, [("Content-Type", icon.type)])
        default: return answer(200, Array(JSONValue.object(image.manifest).text().utf8))
        }
    }

    private func answer(_ status: Int, _ body: [UInt8], _ headers: [(String, String)] = []) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: HTTPHeaderList(headers),
            body: AsyncThrowingStream { continuation in
                continuation.yield(ByteBuffer(bytes: body))
                continuation.finish()
            })
    }

    /// A file that comes in pieces, while others do.
    private func file(_ image: Image, _ uuid: ImageUUID) -> HTTPResponse {
        state.withLock { state in
            state.files.append(uuid)
            state.running += 1
            state.most = max(state.most, state.running)
        }
        state.withLock { $0.whenAsked }()
        let rest = Mutex(image.file[...])
        return HTTPResponse(
            status: 200, headers: HTTPHeaderList([("Content-Length", "\(image.file.count)")]),
            body: AsyncThrowingStream {
                for _ in 0..<10 { await Task.yield() }
                let piece = rest.withLock { rest in
                    defer { rest = rest.dropFirst(300) }
                    return rest.prefix(300)
                }
                guard piece.isEmpty else { return ByteBuffer(bytes: piece) }
                self.state.withLock { $0.running -= 1 }
                return nil
            })
    }
}

/// The UUID of an image of the tests.
func uuid(_ number: Int) -> ImageUUID {
    let digits = "\(number)"
    return ImageUUID("5f1dd7b6-7d4a-4bd4-8d3b-\(String(repeating: "0", count: 12 - digits.utf8.count))\(digits)")
        ?? .zero
}
