import Compression
import DiskImage
import Failure
import ImageStore
import Tar

/// A file of a disk, which can be read more than once: what comes through a pipe is kept for that.
final class DiskSourceFile {
    let file: GivenFile
    /// The compression in which the file is the disk as it is; nil: the file tells its format.
    private let rawIn: CompressionFormat?

    /// - Throws: `FileSystemError`, `NoSpace`.
    convenience init(_ file: GivenFile) throws {
        try self.init(file, rawIn: RawDiskName.compression(of: file.name))
    }

    /// - Parameter rawIn: the compression in which the file is the disk as it is; nil: the file tells its format.
    /// - Throws: `FileSystemError`, `NoSpace`.
    init(_ file: GivenFile, rawIn: CompressionFormat?) throws {
        self.file = file.isSeekable ? file : try GivenFile(keeping: file)
        self.rawIn = rawIn
    }

    /// Reads the disk from its beginning.
    ///
    /// - Throws: `InvalidFile` for what is no disk, or cannot be read; `FileSystemError`.
    func reader() throws -> DiskReader {
        let scratch = ReorderFile()
        return try translating {
            let disk = GivenDisk(file: file)
            return if let rawIn { try DiskReader(rawFile: disk, in: rawIn) } else {
                try DiskReader(disk, scratch: scratch)
            }
        }
    }

    /// Tells what the modules below say of the file with the file's name.
    func translating<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let error as DiskError {
            throw Failure(.invalidFile, "\"\(file.name)\" cannot be read as a disk", cause: error)
        } catch let error where error is CompressionError || error is TarError {
            throw Failure(.invalidFile, "\"\(file.name)\" cannot be unpacked", cause: error)
        }
    }

}

extension GivenFile {
    /// Its end, which nobody sees of what can be read only once, says that it is a VHD of fixed size.
    func isFixedVHD() throws -> Bool { try isSeekable && GivenDisk(file: self).isFixedVHD() }
}

/// A file that was named, as the reader of disks wants it.
private struct GivenDisk: DiskFile {
    let file: GivenFile

    var byteCount: UInt64 { file.size ?? 0 }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard offset < byteCount else { return 0 }
        return try unsafe file.read(at: offset, into: buffer)
    }

    func nextData(from offset: UInt64) throws -> Range<UInt64>? { try file.nextData(from: offset) }
}
