import Host
import ImageModel
import ImageTool
import JSON
import Synchronization
import Time

/// Tells programs how far transfers are: JSON on standard error, an event a line (imgadm.8, "PROGRESS EVENTS").
final class ProgressEvents: ProgressDisplay {
    let board: TransferBoard

    init() {
        board = TransferBoard(
            began: { ProgressEvents.tell("begin", $0) }, ended: { ProgressEvents.tell("end", $0, isDone: $1) })
    }

    func run() async {
        while true {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            for transfer in board.current { ProgressEvents.tell("progress", transfer) }
        }
    }

    func tell(warning: String) -> Bool {
        ProgressEvents.write(["event": "warning", "message": .string(warning)])
        return true
    }

    func tell(line: String) -> Bool {
        ProgressEvents.write(["event": "line", "message": .string(line)])
        return true
    }

    /// - Parameter isDone: of one that ends, whether all of it was moved.
    private static func tell(_ event: String, _ transfer: Transfer, isDone: Bool? = nil) {
        var json: JSONObject = [
            "event": .string(event), "phase": .string(transfer.phase.rawValue), "title": .string(transfer.title),
            "bytes": .number(JSONNumber(Int(transfer.done))),
        ]
        if let image = transfer.image { json["image"] = .string(image.description) }
        if let isDone { json["ok"] = .bool(isDone) }
        if let total = transfer.total { json["total"] = .number(JSONNumber(Int(total))) }
        write(json)
    }

    private static func write(_ event: JSONObject) {
        var event = event
        event["time"] = .string(Timestamp.now().description)
        let bytes = Unprintable.escaped(Array(JSONValue.object(event).text().utf8))
        ErrorReport.write(String(decoding: bytes, as: UTF8.self))
    }
}
