public import SystemPackage

/// Who may change images.
public enum WriteAccess: Sendable, Hashable {
    /// Nobody: the server only reads.
    case nobody
    /// Whoever reaches the server.
    case anyone
    /// Who signs requests by a key that a folder has, `USER.keys` each (imgapi.md, section 8).
    case signed(keys: FilePath)
}
