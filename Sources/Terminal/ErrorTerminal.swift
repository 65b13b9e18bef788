import CHost

/// Standard error, where it is a terminal that can redraw lines.
public enum ErrorTerminal {
    /// - Parameter environment: `TERM=dumb` is a terminal that cannot.
    public static func isUsable(environment: [String: String]) -> Bool {
        chost_is_terminal(2) != 0 && environment["TERM"] != "dumb"
    }

    /// Its width in columns, as it is now.
    public static var width: Int {
        let columns = Int(chost_terminal_width(2))
        return columns > 0 ? columns : 80
    }

    /// Writes as it stands.
    public static func write(_ text: String) { unsafe chost_write_error(text) }
}
