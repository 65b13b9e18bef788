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
            began: { ProgressEvents.tell("begin", $0) }, ended: { ProgressEvents.tell("end", $0) })
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

    private static func tell(_ event: String, _ transfer: Transfer) {
        var json: JSONObject = [
            "event": .string(event), "phase": .string(transfer.phase.rawValue),
            "image": .string(transfer.image.description), "title": .string(transfer.title),
            "bytes": .number(JSONNumber(Int(transfer.done))),
        ]
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
