import Failure
import Glibc
public import SystemPackage

extension HostFile {
    /// What others may do with a file that decides what is done, or that has a secret.
    public enum Guard: Sendable {
        /// They may read it: only its owner writes it.
        case fromWriting
        /// They may not even read it; a group may, which somebody has made for that.
        case fromReading
    }

    /// The bytes of a file that somebody has set up, if nobody else than this user or root decides what is in it; nil if there is none. A pipe
    /// that was handed over, as by `<(…)`, has no owner to ask for.
    ///
    /// - Parameters:
    ///   - limit: the most bytes it may have.
    ///   - others: what is forbidden to others.
    ///   - origin: who has put it there.
    /// - Throws: `UnsafeFile`; `FileSystemError`, also for what is no file or is longer; `PermissionDenied`.
    public static func read(
        _ path: FilePath, limit: Int, guarded others: Guard, from origin: Origin = .setUp
    ) throws -> [UInt8]? {
        guard let file = try open(path, from: origin) else { return nil }
        defer { try? file.close() }  // nothing was written
        do {
            let status = try file.stat()
            if status.type == .regular { try check(status, path, others) }
            return try readAll(file, limit: limit)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw failure("cannot read", path, error)
        }
    }

    private static func check(_ status: Stat, _ path: FilePath, _ others: Guard) throws(Failure) {
        func refusal(_ why: String, _ hint: String) -> Failure {
            Failure(.unsafeFile, "\"\(path)\" cannot be trusted: \(why)", hint: hint)
        }
        let owner = status.userID.rawValue
        guard owner == 0 || owner == geteuid() else {
            throw refusal("it belongs to user \(owner)", "look what is in it, then chown root \(path)")
        }
        guard status.permissions.isDisjoint(with: [.groupWrite, .otherWrite]) else {
            throw refusal("others may write it", "look what is in it, then chmod go-w \(path)")
        }
        guard others == .fromWriting || !status.permissions.contains(.otherRead) else {
            throw refusal("everybody may read what is secret in it", "chmod o-r \(path)")
        }
    }
}
