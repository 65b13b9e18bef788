import Failure
import Host
import SystemPackage

/// What may be replaced, or taken away, where files are written.
struct OutputRule {
    /// Files that are there may be replaced.
    let isReplacing: Bool
    /// What the output is made of, which stays whatever is allowed.
    var sources: [FileIdentity] = []

    /// Which files arguments name that were read: those that are there, and what is on standard input for `-`.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` if they cannot be looked at.
    static func identities(_ arguments: [String?]) throws -> [FileIdentity] {
        try arguments.compactMap { argument in
            guard let argument else { return nil }
            guard argument == "-" else { return try FileIdentity(FilePath(argument), followingLinks: true) }
            do {
                return try FileIdentity(FileDescriptor.standardInput)
            } catch {
                throw HostFile.failure("cannot look at", what: "standard input", error)
            }
        }
    }

    /// - Parameter why: what is wrong with it if it is there and may not be replaced, and what to do; behind its name.
    /// - Throws: `Usage` if something is there that may not be replaced; `FileSystemError`, `PermissionDenied`.
    func check(
        _ path: FilePath, _ why: (problem: String, hint: String) = ("is there already", "--force replaces it")
    ) throws {
        guard let found = try FileIdentity(path, followingLinks: false) else { return }
        try checkKind(found, path)
        guard !sources.contains(found) else {
            throw Failure(
                .usage, "\"\(path)\" is what the output is made of, and would be lost",
                hint: "give the output another name, or another folder, by -o")
        }
        guard isReplacing else { throw Failure(.usage, "\"\(path)\" \(why.problem)", hint: why.hint) }
    }

    /// - Throws: `Usage` for what is no regular file, such as a device, whoever is allowed to replace files.
    private func checkKind(_ found: FileIdentity, _ path: FilePath) throws {
        guard !found.isRegular else { return }
        throw Failure(
            .usage, "\"\(path)\" is \(found.kind), and only a file is replaced",
            hint: found.isLink
                ? "name the file that it leads to"
                : "take it away, or give another -o; export -o - writes to standard output")
    }
}
