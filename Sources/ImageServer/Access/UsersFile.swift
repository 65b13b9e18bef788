import Crypto
import Failure
import Host
import IMGAPI
import ImageModel
import JSON
import RawBytes
import SystemPackage

/// The users of a server, what each may do, and what he shows that he is it (imgapi-server.8, "USERS"): a JSON object with a
/// member for each.
struct UsersFile {
    /// One of them.
    struct Entry {
        let scope: Scope
        let keys: [SSHPublicKey]
        /// The SHA-256 of his tokens, so that who reads the file knows none.
        fileprivate let tokens: [[UInt8]]
    }

    private(set) var users: [String: Entry] = [:]

    /// In bytes.
    private static let longest = 1 << 20
    private static let mostUsers = 10_000

    /// - Throws: `ConfigError` for a file that is not there or has a mistake, `UnsafeFile` for one that others may write;
    ///   `FileSystemError`, `PermissionDenied`.
    init(_ path: FilePath) throws {
        guard let bytes = try HostFile.read(path, limit: UsersFile.longest, guarded: .fromWriting) else {
            throw Failure(.configError, "there is no file of users \"\(path)\"")
        }
        func bad(_ why: String) -> Failure { Failure(.configError, "cannot use \"\(path)\": \(why)") }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 8))
        } catch {
            throw Failure(.configError, "cannot use \"\(path)\"", cause: error, hint: error.slip)
        }
        guard let members = json.objectValue else { throw bad("it is not a JSON object") }
        guard members.count <= UsersFile.mostUsers else { throw bad("it has more than \(UsersFile.mostUsers) users") }
        for (name, value) in members {
            guard UserName.isValid(name) else { throw bad("\"\(name)\" is no name of a user") }
            do {
                users[name] = try UsersFile.entry(value)
            } catch {
                throw bad("user \"\(name)\": \(error.description)")
            }
        }
    }

    private struct Mistake: Error { let description: String }

    private static func entry(_ value: JSONValue) throws(Mistake) -> Entry {
        guard let json = value.objectValue else { throw Mistake(description: "it is not a JSON object") }
        if let other = json.keys.first(where: { !["scope", "tokens", "keys"].contains($0) }) {
            throw Mistake(description: "there is no member \"\(other)\"")
        }
        guard let scope = json["scope"]?.stringValue.flatMap({ Scope(rawValue: $0) }) else {
            throw Mistake(
                description: "\"scope\" is none of \(Scope.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var keys: [SSHPublicKey] = []
        for line in try texts(json, "keys") {
            guard let key = SSHPublicKey(line: line[...]) else {
                throw Mistake(description: "\"\(line.prefix(40))…\" is no public key of SSH that can be used")
            }
            keys.append(key)
        }
        var tokens: [[UInt8]] = []
        for text in try texts(json, "tokens") {
            guard text.hasPrefix("sha256:"), let digest = bytes(hexadecimal: text.dropFirst(7)) else {
                throw Mistake(description: "a token is not of the form sha256:HEX, the SHA-256 of the token")
            }
            tokens.append(digest)
        }
        return Entry(scope: scope, keys: keys, tokens: tokens)
    }

    private static func texts(_ json: JSONObject, _ name: String) throws(Mistake) -> [String] {
        guard let value = json[name] else { return [] }
        guard let list = value.arrayValue, list.allSatisfy({ $0.stringValue != nil }) else {
            throw Mistake(description: "\"\(name)\" is not an array of strings")
        }
        return list.compactMap(\.stringValue)
    }

    /// The bytes of a SHA-256; nil if it is none.
    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        Hexadecimal.bytes(text).flatMap { $0.count == SHA256.byteCount ? $0 : nil }
    }

    /// Whose token it is.
    func user(token: String) -> String? {
        let digest = Array(SHA256.hash(data: Array(token.utf8)))
        var found: String?
        // What is compared are digests, of which the time tells nothing that helps.
        for (name, entry) in users where entry.tokens.contains(digest) { found = name }
        return found
    }
}

/// Names of users, which are names of files, too.
enum UserName {
    static func isValid(_ name: String) -> Bool {
        (1...200).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                "-._@".utf8.contains(byte) || (Unicode.Scalar(byte).properties.isAlphabetic && byte < 0x80)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }
}
