import Logging
import Terminal

/// Tells records of the log as the lines that other warnings are: for people at a terminal who asked for no log.
struct WarningLines: LogHandler {
    var logLevel = Logger.Level.warning
    var metadata: Logger.Metadata = [:]
    private let command: String
    private let style: TextStyle

    init(command: String, style: TextStyle) {
        self.command = command
        self.style = style
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, own in own }.sorted { $0.key < $1.key }
        let about = fields.map { "\($0.key) \($0.value)" } + (event.error.map { ["\($0)"] } ?? [])
        let text = "\(event.message)\(about.isEmpty ? "" : " (\(about.joined(separator: ", ")))")"
        ErrorReport.write("imgadm \(command): \(style.warning("warning")): \(Printable.text(text))")
    }
}
