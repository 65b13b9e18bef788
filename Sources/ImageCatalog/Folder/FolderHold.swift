import Host
import Logging
import Synchronization
import SystemPackage

/// Keeps other processes, servers and mirrors, from changing a folder while this one does. Those of one process have the lock
/// together: among them, turns decide.
final class FolderHold: Sendable {
    private let folder: FilePath
    private let patience: Duration
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var users = 0
        var lock: Task<FolderLock, any Error>?
        /// That there are no locks here is said once.
        var isTold = false
    }

    /// - Parameter patience: how long another process is waited for.
    init(_ folder: FilePath, patience: Duration, logger: Logger) {
        self.folder = folder
        self.patience = patience
        self.logger = logger
    }

    /// Does something while no other process changes the folder, which is made if it is not there.
    ///
    /// - Throws: `LockTimeout`, naming who has it; `FileSystemError`, `PermissionDenied`; what `work` throws.
    func during(_ work: () async throws -> Void) async throws {
        let task = state.withLock { state in
            state.users += 1
            let task = state.lock ?? Task { [self] in try await take() }
            state.lock = task
            return task
        }
        let lock: FolderLock
        do {
            lock = try await task.value
        } catch {
            state.withLock { state in
                state.users -= 1
                // Whoever comes next tries again.
                if state.lock == task { state.lock = nil }
            }
            throw error
        }
        defer {
            state.withLock { state in
                state.users -= 1
                if state.users == 0 {
                    state.lock = nil
                    lock.release()
                }
            }
        }
        try await work()
    }

    private func take() async throws -> FolderLock {
        try HostFile.makeFolder(folder)
        let lock = try await FolderLock.taking(folder, limit: patience) { holders in
            logger.info(
                "another process is changing the images",
                metadata: ["folder": "\(folder)", "processes": "\(holders.map(\.description).joined(separator: ", "))"])
        }
        let isNews = state.withLock { state in
            defer { state.isTold = state.isTold || !lock.isHeld }
            return !lock.isHeld && !state.isTold
        }
        if isNews {
            logger.warning(
                "there are no locks on this file system: only one process at a time may change the images",
                metadata: ["folder": "\(folder)"])
        }
        return lock
    }
}
