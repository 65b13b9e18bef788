public import DiskImage
import Failure
import Host

/// Room for what comes long before its turn, made once there is any. It leaves room for others.
public final class ReorderFile: ScratchStore {
    private var file: ScratchFile?
    /// Bytes that may be written before it is looked at again how much room there is.
    private var allowance = 0

    private static let step = 64 << 20

    public init() {}

    /// - Throws: `FileSystemError`, `NoSpace`.
    public func write(_ bytes: RawSpan, at offset: UInt64) throws {
        if allowance < bytes.byteCount {
            // Where it cannot be told, writing tells.
            if let free = HostFile.freeSpace(at: ScratchFile.folder), free < UInt64(2 * Self.step) {
                throw Failure(
                    .noSpace,
                    "the parts of the disk are not in its order, and \"\(ScratchFile.folder)\" has \(free) bytes free for what comes before its turn",
                    hint: "make room there; qemu-img convert makes a file that needs none")
            }
            allowance = Self.step
        }
        allowance -= bytes.byteCount
        let file = try self.file ?? ScratchFile()
        self.file = file
        try file.write(bytes, at: offset)
    }

    /// - Throws: `FileSystemError`.
    public func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
        try unsafe file?.read(at: offset, into: buffer)
    }
}
