import CHost
import SystemPackage

/// Files of a private folder that are there as a whole or not at all, but for power cuts: nothing waits for the disk, so that whoever
/// reads such a file has to see whether it is whole.
extension PrivateFolder {
    /// How a file is called until it is whole: behind a random number.
    private static let unfinished = ".new"

    /// Puts a file in its place, or another in the place of one. It is written beside it, under a lock that dies with the writer, so
    /// that what a run that was killed has left is known as such, and removed by the next one that writes here.
    ///
    /// - Throws: `FileSystemError`, `NoSpace`, `PermissionDenied`.
    public func replace(_ name: String, with bytes: [UInt8]) throws {
        try sweep()
        let new = "\(UInt64.random(in: 0 ... .max))\(Self.unfinished)"
        guard let file = try open(new, create: true) else {
            throw HostFile.failure("cannot write", path.appending(name), Errno.noSuchFileOrDirectory)
        }
        // What was not written is told by writing; what follows relies on nothing else.
        defer { try? file.close() }
        do {
            let failed = chost_try_lock(file.rawValue)
            guard failed == 0 else { throw Errno(rawValue: failed) }
            try file.writeAll(bytes)
            try rename(new, to: name)
        } catch {
            _ = try? remove(new)  // the first error counts
            throw HostFile.failure("cannot write", path.appending(name), error)
        }
    }

    /// Removes what runs that were killed have left.
    private func sweep() throws {
        for name in try names() where name.hasSuffix(Self.unfinished) {
            // Somebody else may be quicker; and what cannot be opened as a file is of no writer, and hinders nobody.
            guard let file = try? open(name) else { continue }
            defer { try? file.close() }  // nothing was written
            if chost_try_lock(file.rawValue) == 0 { try remove(name) }
        }
    }
}
