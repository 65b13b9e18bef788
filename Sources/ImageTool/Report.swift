import Host
public import ImageModel
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

extension Report {
    /// The work waits for others that have an image's lock.
    func waiting(for image: ImageUUID, _ holders: [LockHolder]) {
        line("Waiting for image \(image) import lock")
        for holder in holders { line("Image \(image) is locked by \(holder)") }
    }
}

/// A file that is being moved.
public final class Transfer: Sendable {
    /// What is done with it.
    public enum Phase: String, Sendable {
        case download, install, create, upload
    }

    public let image: ImageUUID
    /// How people know the image: `NAME@VERSION`, or its UUID where there is no name.
    public let title: String
    public let phase: Phase
    /// The bytes there will be, where known.
    public let total: Int64?
    private let moved = Atomic<Int64>(0)

    init(_ phase: Phase, of image: ImageUUID, title: String, total: Int64?) {
        self.phase = phase
        self.image = image
        self.title = title
        self.total = total
    }

    /// Bytes moved so far.
    public var done: Int64 { moved.load(ordering: .relaxed) }

    func advance(to position: Int64) { moved.store(position, ordering: .relaxed) }
}

/// The transfers under way, for whoever shows them.
public final class TransferBoard: Sendable {
    private struct State {
        var current: [Transfer] = []
        /// Of transfers that have ended.
        var finished: Int64 = 0
        var expected: (bytes: Int64, count: Int)?
    }

    private let state = Mutex(State())
    private let began: @Sendable (Transfer) -> Void
    private let ended: @Sendable (Transfer) -> Void

    /// - Parameters:
    ///   - began: is told of each transfer that begins.
    ///   - ended: is told of each that ends, well or not.
    public init(
        began: @escaping @Sendable (Transfer) -> Void = { _ in },
        ended: @escaping @Sendable (Transfer) -> Void = { _ in }
    ) {
        self.began = began
        self.ended = ended
    }

    /// The transfers under way, in the order in which they began.
    public var current: [Transfer] { state.withLock { $0.current } }

    /// How far all of it is, where there are several transfers and their sum is known.
    public var whole: (done: Int64, total: Int64)? {
        state.withLock { state in
            guard let expected = state.expected, expected.count > 1 else { return nil }
            return (state.finished + state.current.reduce(0) { $0 + $1.done }, expected.bytes)
        }
    }

    /// Says what is to come.
    func expect(bytes: Int64?, count: Int) { state.withLock { $0.expected = bytes.map { ($0, count) } } }

    func begin(_ phase: Transfer.Phase, of image: ImageUUID, title: String? = nil, total: Int64?) -> Transfer {
        let transfer = Transfer(phase, of: image, title: title ?? image.description, total: total)
        state.withLock { $0.current.append(transfer) }
        began(transfer)
        return transfer
    }

    func end(_ transfer: Transfer) {
        let wasThere = state.withLock { state in
            guard let place = state.current.firstIndex(where: { $0 === transfer }) else { return false }
            state.current.remove(at: place)
            // One that goes on later is counted then.
            if transfer.done == transfer.total { state.finished += transfer.done }
            return true
        }
        if wasThere { ended(transfer) }
    }
}
