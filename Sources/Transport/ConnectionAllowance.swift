import Synchronization

/// How many connections all downloads of a process may have together, besides one for each.
public final class ConnectionAllowance: Sendable {
    private let left: Mutex<Int>

    /// - Parameter count: none leaves each file with one connection.
    public init(_ count: Int) { left = Mutex(max(0, count)) }

    /// All that are left.
    func take() -> Int {
        left.withLock { left in
            defer { left = 0 }
            return left
        }
    }

    func giveBack(_ count: Int) { left.withLock { $0 += count } }
}
