import Failure
import Glibc
public import JSON
public import Logging
import Synchronization
import SystemPackage
import Time

/// Writes log records as Bunyan JSON, one a line, on stderr (cli.md §1).
public struct BunyanLog: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let context: BunyanContext

    /// - Parameter level: the lowest level that is written; at `trace` every record has its `src`.
    public init(context: BunyanContext, level: Logger.Level) {
        self.context = context
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var record = context.record(level: event.level.bunyan, message: event.message.description)
        let fields = metadata.merging(event.metadata ?? [:]) { _, own in own }
        for key in fields.keys.sorted() where record[key] == nil {
            record[key] = fields[key].map(BunyanLog.json)
        }
        if let error = event.error { record["err"] = .string(String(describing: error)) }
        if logLevel == .trace {
            record["src"] = ["file": .string(event.file), "line": .number(JSONNumber(Int(event.line)))]
        }
        context.write(record)
    }
}

extension BunyanLog {
    /// A number that is given as one stays one.
    private static func json(_ value: Logger.MetadataValue) -> JSONValue {
        if case .stringConvertible(let number as Int) = value { return .number(JSONNumber(number)) }
        return .string(value.description)
    }
}

/// What all records of one run have in common, and where they go.
public final class BunyanContext: Sendable {
    public let name: String
    /// `req_id` of every record, and `x-request-id` of every request to an image server.
    public let requestID: String
    private let hostname: String
    private let lines = Mutex<Void>(())

    public init(name: String, requestID: String) {
        self.name = name
        self.requestID = requestID
        hostname = HostName.current
    }

    /// A record with the fields every Bunyan record has, in Bunyan's order.
    public func record(level: Int, message: String) -> JSONObject {
        var record = JSONObject()
        record["name"] = .string(name)
        record["hostname"] = .string(hostname)
        record["pid"] = .number(JSONNumber(Int(getpid())))
        record["level"] = .number(JSONNumber(level))
        record["msg"] = .string(message)
        record["time"] = .string(Timestamp.now().description)
        record["v"] = .number(JSONNumber(0))
        record["req_id"] = .string(requestID)
        return record
    }

    /// Writes one record as one line.
    public func write(_ record: JSONObject) {
        var bytes: [UInt8] = []
        let typed = TypedCredentials.ofThisProcess
        let value = JSONValue.object(record)
        (typed.isEmpty ? value : value.mappingTexts { typed.hidden(in: $0) }).write(to: &bytes, style: .compact)
        bytes.append(UInt8(ascii: "\n"))
        // A log that cannot be written is nobody's reason to stop.
        lines.withLock { _ in _ = try? FileDescriptor.standardError.writeAll(Unprintable.escaped(bytes)) }
    }
}

extension Logger.Level {
    /// Bunyan's number for the level.
    var bunyan: Int {
        switch self {
        case .trace: 10
        case .debug: 20
        case .info, .notice: 30
        case .warning: 40
        case .error: 50
        case .critical: 60
        }
    }

    /// The level that `IMGADM_LOG_LEVEL` names (cli.md §1).
    public init?(bunyanName: String) {
        switch bunyanName {
        case "trace": self = .trace
        case "debug": self = .debug
        case "info": self = .info
        case "warn": self = .warning
        case "error": self = .error
        case "fatal": self = .critical
        default: return nil
        }
    }
}
