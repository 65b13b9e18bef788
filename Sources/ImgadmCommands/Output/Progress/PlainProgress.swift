import ImageModel
import ImageTool
import Terminal

/// Tells how far transfers are in plain lines, for logs: one every ten seconds of a transfer that takes so long.
final class PlainProgress: ProgressDisplay {
    let board = TransferBoard()

    func run() async {
        var rates = TransferRates()
        while true {
            do { try await Task.sleep(for: .seconds(10)) } catch { return }
            for transfer in board.current {
                ErrorReport.write(Self.line(transfer, rates.note(transfer.done, of: ObjectIdentifier(transfer))))
            }
        }
    }

    static func line(_ transfer: Transfer, _ rate: Double) -> String {
        let done = transfer.done
        let name = "\(transfer.phase.rawValue) of \(Printable.text(transfer.title))"
        guard let total = transfer.total, total > 0 else { return "\(name): \(ByteCount.text(done))" }
        let percent = done >= total ? 100 : min(99, Int(Double(done) / Double(total) * 100))  // bounds: 0 to 100
        return "\(name): \(percent)%, \(ByteCount.text(done)) of \(ByteCount.text(total))"
    }
}
