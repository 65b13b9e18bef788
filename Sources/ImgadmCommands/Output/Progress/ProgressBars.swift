import ImageModel
import ImageTool
import Synchronization
import Terminal

/// Draws the transfers under way on a terminal, a line each and one for the whole, ten times a second at most, and gets out of
/// the way of other lines.
final class ProgressBars: ProgressDisplay {
    private struct Memory {
        var block = ProgressBlock()
        var rates = TransferRates()
    }

    let board: TransferBoard
    private let memory = Mutex(Memory())
    /// More lines would push what is above out of sight.
    private static let mostLines = 8

    init(board: TransferBoard) { self.board = board }

    func run() async {
        while !Task.isCancelled {
            draw()
            // It throws if the task is cancelled, which is looked at next.
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    func write(_ body: () -> Void) {
        memory.withLock { memory in
            ErrorTerminal.write(memory.block.erasing(width: ErrorTerminal.width))
            body()
        }
    }

    func close() { write {} }

    private func draw() {
        let transfers = board.current
        memory.withLock { memory in
            let width = ErrorTerminal.width
            guard !transfers.isEmpty else { return ErrorTerminal.write(memory.block.erasing(width: width)) }
            var states = transfers.prefix(Self.mostLines).map { transfer in
                ProgressLine.State(
                    name: transfer.title, done: transfer.done, total: transfer.total,
                    rate: memory.rates.note(transfer.done, of: ObjectIdentifier(transfer)))
            }
            if let whole = board.whole {
                let rate = memory.rates.note(whole.done, of: ObjectIdentifier(board))
                states.append(ProgressLine.State(name: "total", done: whole.done, total: whole.total, rate: rate))
            }
            memory.rates.forget(allBut: Set(transfers.map { ObjectIdentifier($0) } + [ObjectIdentifier(board)]))
            let lines = ProgressLine.render(states, width: width, bytes: ByteCount.text)
            ErrorTerminal.write(memory.block.drawing(lines, width: width))
        }
    }
}
