import ImageTool
import Synchronization
import Terminal

/// Draws the transfers under way on standard error, ten times a second at most, and gets out of the way of other lines.
final class ProgressDisplay: Sendable {
    private struct Memory {
        var isDrawn = false
        /// Where the transfer drawn last was, and when.
        var samples: [(moment: ContinuousClock.Instant, done: Int64)] = []
        var name = ""
    }

    private let board: TransferBoard
    private let memory = Mutex(Memory())

    init(board: TransferBoard) { self.board = board }

    /// Draws until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            draw()
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Takes the line away, so that another can be written.
    func erase() {
        memory.withLock { memory in
            if memory.isDrawn { ErrorTerminal.redraw("") }
            memory.isDrawn = false
        }
    }

    private func draw() {
        guard let transfer = board.current.first else { return erase() }
        let now = ContinuousClock.now
        let done = transfer.done
        memory.withLock { memory in
            if memory.name != transfer.name { memory.samples = [] }
            memory.name = transfer.name
            memory.samples.append((now, done))
            // The rate of the last three seconds.
            memory.samples.removeAll { now - $0.moment > .seconds(3) }
            guard let first = memory.samples.first else { return }
            let seconds = (now - first.moment) / .seconds(1)
            let state = ProgressLine.State(
                name: transfer.name, done: done, total: transfer.total,
                rate: seconds > 0 ? Double(done - first.done) / seconds : 0)
            ErrorTerminal.redraw(ProgressLine.render(state, width: ErrorTerminal.width, bytes: ByteCount.text))
            memory.isDrawn = true
        }
    }
}
