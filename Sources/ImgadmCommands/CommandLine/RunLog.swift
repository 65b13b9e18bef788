import Host
import ImageModel
import Logging

/// The log of one run: where records go, at which level, under which request id (cli.md §1).
struct RunLog: Sendable {
    let context: BunyanContext
    let logger: Logger

    init(environment: [String: String], verbose: Bool) {
        let requested = [environment["REQ_ID"], environment["req_id"]].compactMap(\.self).first { !$0.isEmpty }
        let context = BunyanContext(name: "imgadm", requestID: requested ?? ImageUUID().description)
        let named = environment["IMGADM_LOG_LEVEL"].flatMap { $0.isEmpty ? nil : $0 }
        let level = verbose ? .trace : named.flatMap(Logger.Level.init(bunyanName:)) ?? .warning
        self.context = context
        logger = Logger(label: "imgadm") { _ in BunyanLog(context: context, level: level) }
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
