import CHost

/// Standard output, where it is a terminal.
public enum OutputTerminal {
    public static var isThere: Bool { chost_is_terminal(1) != 0 }

    /// Its width in columns, as it is now; 80 where it is none, or does not say.
    public static var width: Int { columns ?? 80 }

    /// Its width in columns, as it is now; nil where it is none, or does not say.
    public static var columns: Int? {
        let columns = Int(chost_terminal_width(1))
        return columns > 0 ? columns : nil
    }
}
