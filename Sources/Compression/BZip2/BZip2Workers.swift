import Dispatch
import Synchronization

/// Decodes blocks ahead of whoever reads them, on threads of its own.
final class BZip2Workers: Sendable {
    private let queue = DispatchQueue(label: "bzip2", attributes: .concurrent)
    private let group = DispatchGroup()
    /// Those that are not at work. Each has 5 MB, so that they are kept.
    private let idle = Mutex<[BZip2Decoder]>([])

    /// Begins a job.
    func start(_ job: BZip2Job) {
        queue.async(group: group) { [self] in
            let decoder = idle.withLock { $0.popLast() } ?? BZip2Decoder()
            job.run(by: decoder)
            idle.withLock { $0.append(decoder) }
        }
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
