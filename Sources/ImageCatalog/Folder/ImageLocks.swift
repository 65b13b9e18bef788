import Failure
import Host
import ImageModel
import Logging
import Synchronization
import SystemPackage

/// Keeps other processes, servers and mirrors of the same user, from changing an image while this one reads its manifest and writes it.
///
/// The locks are in a folder of their own that nobody else can enter: whoever can open a file can lock it, and so keep everybody
/// from changing anything. Where there can be none, as in a folder that another user has begun, that is said once, and the images are
/// changed without.
final class ImageLocks: Sendable {
    static let folderName = ".locks"
    private let path: FilePath
    private let patience: Duration
    private let logger: Logger
    private let isTold = Mutex(false)

    /// - Parameter patience: for how long another process is waited for. It is less than clients have: who has given up must not find
    ///   later that his change was made.
    init(_ root: FilePath, patience: Duration, logger: Logger) {
        path = root.appending(Self.folderName)
        self.patience = patience
        self.logger = logger
    }

    /// Until when another process is waited for, of a change that is asked for now.
    var end: ContinuousClock.Instant { .now + patience }

    /// Does something while no other process changes the image.
    ///
    /// - Throws: `LockTimeout`, naming who has it; what `work` throws.
    func during(_ uuid: ImageUUID, until end: ContinuousClock.Instant, _ work: () async throws -> Void) async throws {
        guard let table = opened() else { return try await work() }
        let number = uuid.lockNumber
        let wait = table.wait(
            for: number, of: "image \(uuid)", limit: max(.zero, ContinuousClock.now.duration(to: end)),
            hint: "see what that does, and ask again")
        let isHeld: Bool = try await wait { holders in
            logger.info(
                "another process is changing an image",
                metadata: ["image": "\(uuid)", "processes": "\(holders.map(\.description).joined(separator: ", "))"])
        } _: {
            do {
                return try table.tryTaking(number, .exclusive) ? true : nil
            } catch {
                tell(error)
                return false
            }
        }
        defer { if isHeld { table.release(number) } }
        try await work()
    }

    /// Opened for each change: a file that stays open for writing keeps its file system from being made read-only.
    private func opened() -> LockTable? {
        do {
            return try LockTable(in: path)
        } catch {
            tell(error)
            return nil
        }
    }

    private func tell(_ error: any Error) {
        let isNews = isTold.withLock { isTold in
            defer { isTold = true }
            return !isTold
        }
        guard isNews else { return }
        logger.warning(
            "there can be no locks here: only one process at a time may change the images",
            metadata: ["folder": "\(path)", "error": "\(error)"])
    }
}

extension ImageUUID {
    /// Two of one number would only wait for each other.
    fileprivate var lockNumber: Int64 { Int64(description.utf8.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) } >> 2) }
}
