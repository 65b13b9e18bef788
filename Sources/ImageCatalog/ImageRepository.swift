public import ImageModel
public import JSON
public import NIOCore

/// Where the images of a server are. The server itself keeps nothing.
public protocol ImageRepository: Sendable {
    /// What its images are.
    var mode: ServerMode { get }

    /// All images, as they are now or were a moment ago.
    /// - Throws: if the storage cannot be read.
    func catalog(_ freshness: Freshness) async throws -> Catalog

    /// A file of an image, ready to be read; nil if it is not there.
    /// - Throws: if the storage cannot be read.
    func open(_ part: ImagePart, of image: ServedImage) async throws -> (any StoredFile)?

    /// Changes what is stored of an image's manifest; nothing else changes it meanwhile. A part that the manifest no longer
    /// speaks of goes with it.
    ///
    /// - Parameter change: is given what is stored, nil for nothing; returns what is to be stored, nil to delete the image. It is
    ///   called where it may wait for the disk.
    /// - Throws: what `change` throws; what the storage says.
    func change(
        _ uuid: ImageUUID, _ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?
    ) async throws

    /// Begins to take in a file for an image. Nothing of it counts before it is committed.
    func upload(_ part: ImagePart, of uuid: ImageUUID) async throws -> any FileUpload

    /// Forgets what it knows of the storage.
    func dropCaches()

    /// Ends what is done behind the back of those who change images: without it the images are there all the same, but
    /// finding them may take others longer.
    ///
    /// - Throws: why it could not be done.
    func settle() async throws
}

extension ImageRepository {
    /// There is nothing.
    public func settle() async throws {}
}

/// How old the knowledge may be that a request is answered from. A storage that tells at no cost is always asked.
public enum Freshness: Sendable, Hashable {
    /// Seconds: a listing.
    case listing
    /// Nothing, as far as images come and go: some are looked for by their name.
    case named
    /// Of this image a second, of others as for a listing.
    case image(ImageUUID)
    /// Of this image nothing: it is about to be changed.
    case changing(ImageUUID)
    /// Nothing.
    case now
}

/// A file that is being taken in.
public protocol FileUpload: Sendable {
    func append(_ bytes: ByteBuffer) async throws

    /// Makes it the file of the image, safe from a crash, and changes the manifest with it.
    func commit(_ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?) async throws

    /// Forgets what has come. Harmless after a commit.
    func discard() async
}

/// A file of an image, held open while it is sent.
public protocol StoredFile: Sendable {
    /// In bytes.
    var size: Int64 { get }
    /// When it was written, in seconds since 1970-01-01T00:00:00Z, as its storage says.
    var modified: Int { get }

    /// A range of the bytes, piece by piece, in order. The sequence throws if the file cannot be read or ends early.
    func pieces(of range: Range<Int64>) -> any AsyncSequence<ByteBuffer, any Error>
}
