import Host
import ImageModel
import Logging
import Terminal

/// The log of one run: where records go, at which level, under which request id (cli.md §1).
struct RunLog: Sendable {
    let context: BunyanContext
    let logger: Logger

    /// - Parameter command: whose warnings people are told as lines; nil where all are records.
    init(environment: [String: String], verbose: Bool, tellingPeopleOf command: String? = nil) {
        let requested = [environment["REQ_ID"], environment["req_id"]].compactMap(\.self).first { !$0.isEmpty }
        let context = BunyanContext(name: "imgadm", requestID: requested ?? ImageUUID().description)
        let named = environment["IMGADM_LOG_LEVEL"].flatMap { $0.isEmpty ? nil : $0 }
        let level = verbose ? .trace : named.flatMap(Logger.Level.init(bunyanName:)) ?? .warning
        self.context = context
        if let command, named == nil, !verbose, ErrorTerminal.isUsable(environment: environment) {
            let lines = WarningLines(command: command, style: TextStyle(environment: environment))
            logger = Logger(label: "imgadm") { _ in lines }
        } else {
            logger = Logger(label: "imgadm") { _ in BunyanLog(context: context, level: level) }
        }
        if let named, Logger.Level(bunyanName: named) == nil {
            logger.warning(
                "IMGADM_LOG_LEVEL is ignored: it is no level",
                metadata: ["value": "\(named)", "levels": "trace, debug, info, warn, error, fatal"])
        }
    }

    /// The request id for image servers, some of which die of one that is no UUID (imgapi.md §17).
    var serverRequestID: String {
        ImageUUID(context.requestID.lowercased()) == nil ? ImageUUID().description : context.requestID
    }
}
