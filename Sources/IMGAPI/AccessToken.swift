public import Failure
public import Host
public import SystemPackage
public import Transport

/// What a client shows an image server so that it is known: `Authorization: Bearer TOKEN` (RFC 6750 §2.1). It is never part of a message.
public struct AccessToken: Sendable, Hashable, CustomStringConvertible {
    let text: String

    /// - Parameters:
    ///   - what: where it comes from, for messages.
    ///   - code: of the error for what no header may have.
    public init(_ text: String, from what: String, code: Failure.Code = .usage) throws(Failure) {
        guard !text.isEmpty else { throw Failure(code, "there is no token in \(what)") }
        guard text.utf8.count <= AccessToken.longest, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Failure(
                code,
                "what is in \(what) is no token: it has blanks or characters that are not ASCII, or more than \(AccessToken.longest) bytes"
            )
        }
        self.text = text
    }

    /// Reads a file with a token and nothing else.
    ///
    /// - Parameters:
    ///   - origin: whether it may be a pipe, for which this waits.
    ///   - code: of the error for a file that is not there, or has something else.
    /// - Throws: that; `UnsafeFile` for one that everybody may read or others
    ///   write; `FileSystemError`, `PermissionDenied`.
    public init(file: FilePath, from origin: HostFile.Origin = .setUp, code: Failure.Code = .usage) throws {
        let bytes = try HostFile.read(file, limit: AccessToken.longest + 2, guarded: .fromReading, from: origin)
        guard let bytes else { throw Failure(code, "token file does not exist: \"\(file)\"") }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard lines.count <= 1 else { throw Failure(code, "\"\(file)\" has more than one line, and so no token") }
        try self.init(lines.first.map { String($0) } ?? "", from: "\"\(file)\"", code: code)
    }

    /// - Parameter insecure: what goes there need not be kept from others' eyes.
    /// - Throws: `UnsafeToken` where it would go over the network for everybody to read.
    public func check(goingTo server: ServerURL, insecure: Bool) throws(Failure) {
        guard server.scheme == "https" || server.isLoopback || insecure else {
            throw Failure(
                .unsafeToken, "the token for \(server.base) would go over the network as everybody can read it",
                hint:
                    "use https; where nobody else is on the network, imgadm sources -k, or IMGADM_INSECURE=1, says that it may"
            )
        }
    }

    /// In bytes.
    private static let longest = 4096

    public var description: String { "a token" }
}
