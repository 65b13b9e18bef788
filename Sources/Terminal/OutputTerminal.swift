import CHost

/// Standard output, where it is a terminal.
public enum OutputTerminal {
    public static var isThere: Bool { chost_is_terminal(1) != 0 }
}
