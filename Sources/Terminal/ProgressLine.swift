/// The one line that shows how far a transfer is: name, bar, bytes, rate, time left; as much of it as fits.
public struct ProgressLine: Sendable {
    /// What is shown of a transfer.
    public struct State: Sendable {
        public var name: String
        public var done: Int64
        public var total: Int64?
        /// Bytes a second, lately.
        public var rate: Double

        public init(name: String, done: Int64, total: Int64?, rate: Double) {
            self.name = name
            self.done = done
            self.total = total
            self.rate = rate
        }
    }

    /// The line for a terminal of a width in columns; never wider than one less, so that no terminal wraps it.
    public static func render(_ state: State, width: Int, bytes: (Int64) -> String) -> String {
        let room = max(20, width - 1)
        let rate = "\(bytes(Int64(state.rate)))/s"
        guard let total = state.total, total > 0 else {
            return String("\(Printable.text(state.name))  \(bytes(state.done))  \(rate)".prefix(room))
        }
        let share = min(1, Double(state.done) / Double(total))
        let percent = "\(Int(share * 100))%"
        let left = state.rate > 0 ? timeText(Double(total - state.done) / state.rate) : "--:--"
        let figures = " \(pad(percent, 4)) \(bytes(state.done))/\(bytes(total)) \(rate) \(left)"
        let name = Printable.text(state.name)
        // The bar gives way first, then the end of the name.
        let barRoom = room - figures.count - name.count - 3
        guard barRoom >= 8 else {
            return String(name.prefix(max(0, room - figures.count))) + String(figures.suffix(room))
        }
        let full = Int(share * Double(min(barRoom, 40)))
        let empty = min(barRoom, 40) - full
        return "\(name) [\(String(repeating: "=", count: full))\(String(repeating: " ", count: empty))]\(figures)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// `M:SS`, or `H:MM:SS`.
    private static func timeText(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 360_000 else { return "--:--" }
        let whole = Int(seconds.rounded(.up))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = whole / 60
        return minutes < 60
            ? "\(minutes):\(two(whole % 60))" : "\(minutes / 60):\(two(minutes % 60)):\(two(whole % 60))"
    }
}
