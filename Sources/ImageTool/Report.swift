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
    /// What was done.
    public let results: ResultBoard

    public init(
        line: @escaping @Sendable (String) -> Void, warning: @escaping @Sendable (String) -> Void,
        transfers: TransferBoard = TransferBoard(), results: ResultBoard = ResultBoard()
    ) {
        self.line = line
        self.warning = warning
        self.transfers = transfers
        self.results = results
    }
}

extension Report {
    /// Something is done, or was found done.
    func did(_ result: ImageResult) {
        results.add(result)
        if let sentence = result.sentence { line(sentence) }
    }

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
        /// What must be seen as a whole before it is known what is made of it.
        case read
    }

    /// Nil where none is known.
    public let image: ImageUUID?
    /// How people know the image: `NAME@VERSION`, or its UUID where there is no name.
    public let title: String
    public let phase: Phase
    private let moved = Atomic<Int64>(0)
    private let expected: Atomic<Int64>
    private static let unknown: Int64 = -1

    init(_ phase: Phase, of image: ImageUUID?, title: String, total: Int64?) {
        self.phase = phase
        self.image = image
        self.title = title
        expected = Atomic(total ?? Self.unknown)
    }

    /// Bytes moved so far; of what is read to make something else of it, bytes read.
    public var done: Int64 { moved.load(ordering: .relaxed) }

    /// The bytes there will be, where known.
    public var total: Int64? {
        let total = expected.load(ordering: .relaxed)
        return total == Self.unknown ? nil : total
    }

    func advance(to position: Int64) { moved.store(position, ordering: .relaxed) }

    func advance(by count: Int) { moved.wrappingAdd(Int64(count), ordering: .relaxed) }

    /// It has turned out how much there is.
    func expect(_ total: Int64) { expected.store(total, ordering: .relaxed) }
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
    private let ended: @Sendable (Transfer, Bool) -> Void

    /// - Parameters:
    ///   - began: is told of each transfer that begins.
    ///   - ended: is told of each that ends, and whether all of it was moved.
    public init(
        began: @escaping @Sendable (Transfer) -> Void = { _ in },
        ended: @escaping @Sendable (Transfer, Bool) -> Void = { _, _ in }
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

    /// A transfer that ends with what moves it, well or not.
    func moving<Value>(
        _ phase: Transfer.Phase, of image: ImageUUID?, title: String, total: Int64?,
        _ work: (Transfer) async throws -> Value
    ) async throws -> Value {
        let transfer = begin(phase, of: image, title: title, total: total)
        // One that has ended well by then does not end again.
        defer { end(transfer, isDone: false) }
        let value = try await work(transfer)
        end(transfer, isDone: true)
        return value
    }

    /// A transfer that ends when it is said to, and fails if nobody says so.
    func opening(_ phase: Transfer.Phase, of image: ImageUUID?, title: String, total: Int64?) -> OpenTransfer {
        OpenTransfer(begin(phase, of: image, title: title, total: total), on: self)
    }

    private func begin(_ phase: Transfer.Phase, of image: ImageUUID?, title: String, total: Int64?) -> Transfer {
        let transfer = Transfer(phase, of: image, title: title, total: total)
        state.withLock { $0.current.append(transfer) }
        began(transfer)
        return transfer
    }

    fileprivate func end(_ transfer: Transfer, isDone: Bool) {
        let wasThere = state.withLock { state in
            guard let place = state.current.firstIndex(where: { $0 === transfer }) else { return false }
            state.current.remove(at: place)
            // One that goes on later is counted then.
            if transfer.done == transfer.total { state.finished += transfer.done }
            return true
        }
        if wasThere { ended(transfer, isDone) }
    }
}

/// A transfer whose bytes are taken by somebody else, who may let go of it at any time.
final class OpenTransfer: Sendable {
    private let transfer: Transfer
    private let board: TransferBoard

    fileprivate init(_ transfer: Transfer, on board: TransferBoard) {
        self.transfer = transfer
        self.board = board
    }

    deinit { board.end(transfer, isDone: false) }

    func advance(to position: Int64) { transfer.advance(to: position) }

    func end(isDone: Bool) { board.end(transfer, isDone: isDone) }
}
