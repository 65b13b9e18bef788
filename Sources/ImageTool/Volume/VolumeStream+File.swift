import Compression
import Failure
import Host
import ImageModel
import ImageStore
import SendStream
import SystemPackage

extension ImageTool {
    /// A stream that is not what it should be.
    static func invalidVolume(_ name: String, _ error: StreamError) -> Failure {
        Failure(
            error.reason == .unsupported ? .unsupportedImage : .invalidStream, "the stream in \(name) cannot be read",
            cause: error,
            hint: error.reason == .badChecksum ? "it was damaged after it was made: get it anew" : nil)
    }
}

extension VolumeStream {
    /// The stream in an image file.
    convenience init(_ file: UnpackedFile) {
        self.init("\"\(file.file.name)\"") { body in try file.readPiece(body) }
    }

    /// The stream that `zfs send` makes.
    convenience init(_ snapshot: String, _ output: ChildOutput) {
        self.init(snapshot) { body in
            let bytes = try output.read(256 << 10)
            guard !bytes.isEmpty else { return false }
            try unsafe body(bytes.span.bytes)
            return true
        }
    }
}

/// An image file of a volume, with those that it builds on.
final class VolumeFileChain {
    /// From the one that is meant to the one that is whole.
    private let files: [GivenFile]

    /// - Throws: `Usage` if one of them can be read only once; `UnexpectedOrigin`, `InvalidStream` if they do not build on each
    ///   other.
    init(_ file: GivenFile, origins: [GivenFile]) throws {
        for file in [file] + origins where !file.isSeekable {
            throw Failure(
                .usage, "\(file.name) can be read only once, and must be read twice", hint: "put it in a file")
        }
        var rest = origins
        var files = [file]
        var header = try Self.header(file)
        while let wanted = header.originGUID {
            let next = try rest.firstIndex { try Self.header($0).guid == wanted }
            guard let next else {
                throw Failure(
                    .unexpectedOrigin,
                    "\"\(files[files.count - 1].name)\" builds on the snapshot with the guid \(wanted), which none of the files given has",
                    hint: "--origin FILE for each image that it builds on")
            }
            files.append(rest.remove(at: next))
            header = try Self.header(files[files.count - 1])
        }
        self.files = files
    }

    /// The header of the stream in a file.
    ///
    /// - Throws: `InvalidFile` for what is no stream; `InvalidStream`.
    static func header(_ file: GivenFile) throws -> StreamHeader {
        file.rewind()
        let head = try UnpackedFile(file).head
        do {
            guard let header = try unsafe StreamHeader.read(whole: head.span.bytes) else {
                throw Failure(.invalidFile, "\"\(file.name)\" is no image file: it has no ZFS send stream in it")
            }
            return header
        } catch let error as StreamError {
            throw ImageTool.invalidVolume("\"\(file.name)\"", error)
        }
    }

    var isLayered: Bool { files.count > 1 }

    /// The volume, from its beginning.
    func windows() throws -> StreamWindows {
        var windows: StreamWindows?
        for file in files.reversed() {
            file.rewind()
            windows = StreamWindows(VolumeStream(try UnpackedFile(file)), on: windows)
        }
        guard let windows else { throw Failure(.internalError, "a chain of no files") }
        return windows
    }

    /// What an increment must know of it.
    func facts() throws -> (guid: UInt64, size: UInt64, blockSize: Int) {
        let guid = try Self.header(files[0]).guid
        var size: UInt64?
        var blockSize: Int?
        for file in files where size == nil || blockSize == nil {
            file.rewind()
            let stream = VolumeStream(try UnpackedFile(file))
            while try stream.peek() != nil { stream.queue.removeFirst() }
            size = size ?? stream.size
            blockSize = blockSize ?? stream.blockSize
        }
        guard let size, let blockSize else {
            throw Failure(.invalidStream, "\"\(files[0].name)\" says nothing of the volume's size")
        }
        return (guid, size, blockSize)
    }
}
