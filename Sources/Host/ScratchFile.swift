import Failure
import Synchronization
public import SystemPackage

/// Room on the disk for what one command has to keep for a while: a file without a name, which is gone with the process,
/// however that ends. It leaves room for others, as far as that can be told.
public final class ScratchFile: Sendable {
    private let descriptor: FileDescriptor
    /// Where such files are.
    public static let folder: FilePath = "/var/tmp"
    private static let name: FilePath = "a temporary file in /var/tmp"
    private static let full: FilePath = "a temporary file in /var/tmp, where 128 MiB are left to others"

    /// Bytes that may be written before it is looked at again how much room there is.
    private let allowance = Mutex(step)
    private let free: @Sendable () -> UInt64?
    private static let step = 64 << 20
    /// What others are left.
    private static let reserve: UInt64 = 128 << 20

    /// A file of that size has its place where so much is free.
    public static func fits(_ size: UInt64, into free: UInt64) -> Bool {
        // What is small is kept wherever there is room.
        size <= UInt64(step) ? size <= free : size <= UInt64.max - reserve && size + reserve <= free
    }

    /// - Throws: `FileSystemError`, `NoSpace`, `PermissionDenied`.
    public convenience init() throws { try self.init { HostFile.freeSpace(at: ScratchFile.folder) } }

    /// - Parameter free: bytes that there is room for; nil where that cannot be told.
    init(free: @escaping @Sendable () -> UInt64?) throws {
        self.free = free
        if let file = try PrivateFolder.namelessFile(in: Self.folder) {
            descriptor = file
            return
        }
        // It has a name for a moment, in a folder of ours.
        let folder = try PrivateFolder.new(in: Self.folder, prefix: ".imgadm-scratch-")
        do {
            guard let file = try folder.open("scratch", create: true) else {
                throw HostFile.failure("cannot make", Self.name, Errno.noSuchFileOrDirectory)
            }
            descriptor = file
        } catch {
            // The first error counts.
            _ = try? folder.remove()
            throw error
        }
        try folder.remove("scratch")
        try folder.remove()
    }

    /// A handle of its own, by which it stays as long as it is needed.
    ///
    /// - Throws: `Errno`.
    public func handle() throws -> FileDescriptor { try descriptor.duplicate() }

    /// A handle by which a program may read it that has no rights: nobody else finds the file.
    ///
    /// - Throws: `FileSystemError`.
    public func readableHandle() throws -> FileDescriptor {
        do {
            try HostFile.setMode(descriptor, [.ownerReadWrite, .groupRead, .otherRead])
            return try descriptor.duplicate()
        } catch {
            throw HostFile.failure("cannot hand over", Self.name, error)
        }
    }

    // Nobody will read it again.
    deinit { try? descriptor.close() }

    /// - Throws: `FileSystemError`, `NoSpace`.
    public func write(_ bytes: RawSpan, at offset: UInt64) throws {
        do {
            guard let place = Int64(exactly: offset) else { throw Errno.fileTooLarge }
            try look(for: bytes.byteCount)
            _ = try unsafe bytes.withUnsafeBytes { try unsafe descriptor.writeAll(toAbsoluteOffset: place, $0) }
        } catch {
            throw HostFile.failure("cannot write", Self.name, error)
        }
    }

    private func look(for count: Int) throws {
        try allowance.withLock { allowance in
            if allowance < count {
                if let free = free(), free < ScratchFile.reserve {
                    throw HostFile.failure("cannot write", ScratchFile.full, Errno.noSpace)
                }
                allowance = max(ScratchFile.step, count)
            }
            allowance -= count
        }
    }

    /// Fills a buffer; what was never written is zero.
    ///
    /// - Throws: `FileSystemError`.
    public func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
        do {
            var done = 0
            while done < buffer.count {
                guard let place = Int64(exactly: offset), place < .max - Int64(buffer.count) else {
                    throw Errno.fileTooLarge
                }
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let count = try unsafe descriptor.read(fromAbsoluteOffset: place + Int64(done), into: rest)
                guard count > 0 else {
                    unsafe rest.initializeMemory(as: UInt8.self, repeating: 0)
                    return
                }
                done += count
            }
        } catch {
            throw HostFile.failure("cannot read", Self.name, error)
        }
    }
}
