import Hummingbird
import HummingbirdCore
import ImageCatalog
import NIOCore

/// The JSON array of a listing, put together from the texts of its images while it is sent: a listing of any
/// length takes one piece of memory.
struct ImageListBody: Sendable {
    private let images: [ServedImage]
    private let version: APIVersion

    /// In bytes.
    private static let pieceSize = 128 << 10
    private static let opening = "[\n  "
    private static let separator = ",\n  "
    private static let closing = "\n]"
    private static let mostAround = 8

    private let paced: PacedBody

    init(_ images: [ServedImage], _ version: APIVersion, _ paced: PacedBody) {
        self.images = images
        self.version = version
        self.paced = paced
    }

    var body: ResponseBody {
        guard !images.isEmpty else { return ResponseBody(byteBuffer: ByteBuffer(string: "[]")) }
        let length = length
        if length <= Self.pieceSize {
            var buffer = ByteBuffer()
            buffer.reserveCapacity(length)
            for index in images.indices { append(index, to: &buffer) }
            return ResponseBody(byteBuffer: buffer)
        }
        return ResponseBody(contentLength: length) { writer in
            var buffer = ByteBuffer()
            buffer.reserveCapacity(Self.pieceSize)
            for index in images.indices {
                if buffer.readableBytes + images[index].text(withChannels: version.showsChannels).element.count
                    + Self.mostAround > Self.pieceSize
                {
                    try await paced.send(buffer, to: &writer)
                    buffer.clear(minimumCapacity: Self.pieceSize)
                }
                append(index, to: &buffer)
            }
            try await paced.send(buffer, to: &writer)
            try await writer.finish(nil)
        }
    }

    private var length: Int {
        images.reduce(
            Self.opening.utf8.count + Self.closing.utf8.count + (images.count - 1) * Self.separator.utf8.count
        ) {
            $0 + $1.text(withChannels: version.showsChannels).element.count
        }
    }

    private func append(_ index: Int, to buffer: inout ByteBuffer) {
        buffer.writeString(index == 0 ? Self.opening : Self.separator)
        buffer.writeBytes(images[index].text(withChannels: version.showsChannels).element)
        if index == images.count - 1 { buffer.writeString(Self.closing) }
    }
}
