import Host
import SystemPackage

/// A name that is held while something is made for it.
final class OutputClaim {
    private let path: FilePath
    private let descriptor: FileDescriptor

    /// - Throws: `FileInUse` if another run has it; `FileSystemError`, `PermissionDenied`.
    init(_ path: FilePath) throws {
        self.path = path
        descriptor = try HostFile.anew(path)
    }

    deinit {
        // One that stays, the next run replaces. It goes while it is locked, so that it is nobody else's.
        _ = try? HostFile.remove(path)
        try? descriptor.close()
    }
}
