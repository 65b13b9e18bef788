public import NIOCore

/// Where the images of a server are. The server itself keeps nothing.
public protocol ImageRepository: Sendable {
    /// All images there are now.
    /// - Throws: if the storage cannot be read.
    func catalog() async throws -> Catalog

    /// A file of an image, ready to be read; nil if it is not there.
    /// - Throws: if the storage cannot be read.
    func file(of image: ServedImage, at index: Int) async throws -> (any StoredFile)?
}

/// A file of an image, held open while it is sent.
public protocol StoredFile: Sendable {
    /// In bytes.
    var size: Int64 { get }
    /// Seconds since 1970.
    var modified: Int { get }

    /// A range of the bytes, piece by piece, in order. The sequence throws if the file cannot be read or ends early.
    func pieces(of range: Range<Int64>) -> any AsyncSequence<ByteBuffer, any Error>
}
