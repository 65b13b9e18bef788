import Failure
import Host
import IMGAPI
import SystemPackage

/// Who somebody says that he is, and what he shows for it. It counts as long as tokens, keys and users are such that it does.
struct Claim: Sendable {
    enum Proof: Sendable {
        case token(String)
        case signature(SignatureClaim)
    }

    let proof: Proof
    /// What he signed that the body is; nil where he vouches for whatever comes.
    var bodyDigest: BodyDigest?
}

/// A signature, and what it is of.
struct SignatureClaim: Sendable {
    let user: String
    let signature: [UInt8]
    let text: [UInt8]
    let algorithm: SignatureAlgorithm

    /// - Throws: `UnauthorizedError` if it was made with none of the keys.
    func check(_ keys: [SSHPublicKey], _ takesDateAlone: Bool) throws(RequestError) {
        guard keys.contains(where: { $0.isSignature(signature, of: text, by: algorithm) }) else {
            throw SignatureCheck(takesDateAlone: takesDateAlone).refusal(
                "the signature is not that of a key of user \"\(user)\"")
        }
    }

    /// The keys that a folder has of the user.
    ///
    /// - Throws: `ConfigError`, `FileSystemError`, `PermissionDenied` if they cannot be read; `UnsafeFile` if others may write them.
    func keys(in folder: FilePath) throws -> [SSHPublicKey] { try Self.keys(of: user, in: folder) }

    /// Whose keys are in a file of the folder.
    static func user(ofKeys name: String) -> String? {
        name.hasSuffix(".keys") ? String(name.dropLast(".keys".count)) : nil
    }

    static func keys(of user: String, in folder: FilePath) throws -> [SSHPublicKey] {
        guard UserName.isValid(user) else { return [] }
        guard let bytes = try HostFile.read(folder.appending("\(user).keys"), limit: 1 << 20, guarded: .fromWriting)
        else {
            // A user who has no keys is one thing, a folder that is not there another.
            guard try HostFile.exists(folder) else {
                throw Failure(.configError, "there is no folder of keys \"\(folder)\"")
            }
            return []
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap {
            SSHPublicKey(line: $0)
        }
    }
}

/// Who has shown who he is.
struct User: Sendable {
    let name: String
    /// What he may do; nil if nothing.
    let scope: Scope?
    let claim: Claim
}
