import Dispatch
import Synchronization

/// Decodes blocks ahead of whoever reads them, on threads of its own: queues that are serial get one each, however many
/// tasks there are elsewhere.
final class BZip2Workers {
    private let workers: [(queue: DispatchQueue, decoder: BZip2Decoder)]
    private let group = DispatchGroup()
    private let isAside: Bool
    private var begun = 0

    /// - Parameter isAside: false: who begins a job does it.
    init(threads: Int, aside isAside: Bool, decoder: () -> BZip2Decoder) {
        self.isAside = isAside
        workers = (0..<threads).map { (DispatchQueue(label: "bzip2.\($0)"), decoder()) }
    }

    /// Begins a job. Blocks take about as long as each other, so that each thread has its turn.
    func start(_ job: BZip2Job) {
        let worker = workers[begun % workers.count]
        begun += 1
        guard isAside else { return job.run(by: worker.decoder) }
        worker.queue.async(group: group) { [decoder = worker.decoder] in job.run(by: decoder) }
    }

    /// Waits until none is at work any more.
    func join() { group.wait() }
}

/// A block, or what looks like one, to be decoded.
final class BZip2Job: Sendable {
    /// The bit at which it begins, counted from the first byte of all.
    let start: Int
    /// As far as the next that looks like one.
    private let bytes: [UInt8]
    private let state = Mutex(State.waiting)
    private let isDone = DispatchSemaphore(value: 0)

    private enum State {
        case waiting
        case abandoned
        case done(BZip2Decoder.Outcome)
    }

    init(start: Int, bytes: [UInt8]) {
        self.start = start
        self.bytes = bytes
    }

    var length: Int { bytes.count }

    /// What has come of it; nil while it is at work.
    var outcome: BZip2Decoder.Outcome? {
        state.withLock { if case .done(let outcome) = $0 { outcome } else { nil } }
    }

    func run(by decoder: BZip2Decoder) {
        let isWanted = state.withLock { if case .abandoned = $0 { false } else { true } }
        if isWanted {
            let outcome = unsafe bytes.withUnsafeBytes { unsafe decoder.decode($0, at: start & 7) }
            state.withLock { $0 = .done(outcome) }
        }
        isDone.signal()
    }

    /// Blocks until there is an outcome. To be called once.
    func wait() { isDone.wait() }

    /// Nobody asks for it any more.
    func abandon() {
        state.withLock { if case .waiting = $0 { $0 = .abandoned } }
    }
}
