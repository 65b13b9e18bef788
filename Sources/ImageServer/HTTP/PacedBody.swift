import HummingbirdCore
import NIOCore

/// Writes a body piece by piece, none before the connection has taken most of the one before: so a client that is
/// slow costs one piece of memory.
struct PacedBody {
    /// The connection of the request.
    let channel: any Channel

    /// Writes a piece, and waits until there is room for the next.
    @concurrent
    func send(_ piece: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        try await writer.write(piece)
        // Once the event loop has seen the piece, the writer knows whether there is room, and a write waits for it.
        // One of nothing has nothing to hold meanwhile.
        try await channel.eventLoop.submit {}.get()
        try await writer.write(ByteBuffer())
    }
}
