import CHost

/// Whether text is coloured (the conventions NO_COLOR, no-color.org, and CLICOLOR_FORCE, bixense.com/clicolors).
public struct TextStyle: Sendable {
    private let isColoured: Bool

    /// For standard error.
    public init(environment: [String: String]) {
        func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
        isColoured =
            !isSet("NO_COLOR")
            && (isSet("CLICOLOR_FORCE") && environment["CLICOLOR_FORCE"] != "0"
                || ErrorTerminal.isUsable(environment: environment) && environment["CLICOLOR"] != "0")
    }

    /// Something that went wrong.
    public func alarming(_ text: String) -> String { styled(text, "1;31") }
    /// What should be noticed.
    public func warning(_ text: String) -> String { styled(text, "33") }
    /// What stands beside what matters.
    public func dim(_ text: String) -> String { styled(text, "2") }

    private func styled(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
