import Failure
import Host
import SystemPackage

/// The tokens of users: a user and a token a line; `#` begins a comment.
struct TokensFile {
    private var entries: [(user: String, token: String)] = []

    /// In bytes.
    private static let longest = 1 << 20

    /// - Throws: `ConfigError` for a file that is not there or has a line that is none, `UnsafeFile` for one that others may write or read;
    ///   `FileSystemError`, `PermissionDenied`.
    init(_ path: FilePath) throws {
        guard let bytes = try HostFile.read(path, limit: TokensFile.longest, guarded: .fromReading) else {
            throw Failure(.configError, "there is no file of tokens \"\(path)\"")
        }
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (place, line) in lines.enumerated() {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let user = words.first, !user.hasPrefix("#") else { continue }
            guard words.count == 2 else {
                throw Failure(
                    .configError, "cannot use \"\(path)\": line \(place + 1) is not a user and a token",
                    hint: "a line is USER TOKEN; # begins a comment")
            }
            entries.append((String(user), String(words[1])))
        }
    }

    /// Whose token it is. Every token is compared whole, so that the time tells nothing.
    func user(token: String) -> String? {
        var found: String?
        for entry in entries where TokensFile.isSame(entry.token.utf8, token.utf8) { found = entry.user }
        return found
    }

    private static func isSame(_ one: String.UTF8View, _ other: String.UTF8View) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
