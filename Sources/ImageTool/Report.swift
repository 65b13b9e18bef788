import Synchronization

/// What a verb tells while it works. How it is shown is not its business.
public struct Report: Sendable {
    /// A line of progress or result.
    public let line: @Sendable (String) -> Void
    /// Something the user should know, though it is no error.
    public let warning: @Sendable (String) -> Void
    /// The transfers under way.
    public let transfers: TransferBoard

    public init(
        line: @escaping @Sendable (String) -> Void, warning: @escaping @Sendable (String) -> Void,
        transfers: TransferBoard = TransferBoard()
    ) {
        self.line = line
        self.warning = warning
        self.transfers = transfers
    }
}

/// A file that is being moved.
public final class Transfer: Sendable {
    public let name: String
    /// The bytes there will be, where known.
    public let total: Int64?
    private let moved = Atomic<Int64>(0)

    init(name: String, total: Int64?) {
        self.name = name
        self.total = total
    }

    /// Bytes moved so far.
    public var done: Int64 { moved.load(ordering: .relaxed) }

    func advance(to position: Int64) { moved.store(position, ordering: .relaxed) }
}

/// The transfers under way, for whoever draws them.
public final class TransferBoard: Sendable {
    private let board = Mutex<[Transfer]>([])

    public init() {}

    /// The transfers under way, in the order in which they began.
    public var current: [Transfer] { board.withLock { $0 } }

    func begin(_ name: String, total: Int64?) -> Transfer {
        let transfer = Transfer(name: name, total: total)
        board.withLock { $0.append(transfer) }
        return transfer
    }

    func end(_ transfer: Transfer) {
        board.withLock { $0.removeAll { $0 === transfer } }
    }
}
