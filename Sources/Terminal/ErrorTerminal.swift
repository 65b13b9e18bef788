import CHost

/// Standard error, where it is a terminal that can redraw a line.
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

    /// Replaces the line the cursor is on.
    public static func redraw(_ line: String) { unsafe chost_write_error("\r\u{1b}[K\(line)") }
}
