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

    /// Lines one below the other, whose bars begin at the same place.
    public static func render(_ states: [State], width: Int, bytes: (Int64) -> String) -> [String] {
        let widest = states.map { DisplayWidth.of(Printable.text($0.name)) }.max() ?? 0
        return states.map { state in
            var state = state
            let missing = widest - DisplayWidth.of(Printable.text(state.name))
            if state.total != nil { state.name += String(repeating: " ", count: missing) }
            return render(state, width: width, bytes: bytes)
        }
    }

    /// The line for a terminal of a width in columns; never wider than one less, so that no terminal wraps it.
    public static func render(_ state: State, width: Int, bytes: (Int64) -> String) -> String {
        let room = max(21, width) - 1
        let name = Printable.text(state.name)
        let rate = "\(bytes(Int64(clamping: state.rate)))/s"
        guard let total = state.total, total > 0 else {
            return String(DisplayWidth.prefix("\(name)  \(bytes(state.done))  \(rate)", room))
        }
        let done = min(max(0, state.done), total)
        let share = Double(done) / Double(total)
        // Rounded down, the last percent too: all of it is shown only when all is there.
        let percent = "\(done == total ? 100 : min(99, Int(share * 100)))%"  // bounds: 0 to 1
        let left = state.rate > 0 ? timeText(Double(total - done) / state.rate) : "--:--"
        let all = " \(pad(percent, 4)) \(bytes(done))/\(bytes(total)) \(rate) \(left)"
        // The bar gives way first, then the end of the name; where next to nothing would be left of that, figures do.
        let barRoom = min(40, room - DisplayWidth.of(all) - DisplayWidth.of(name) - 3)
        guard barRoom >= 8 else {
            let choices = [all, " \(pad(percent, 4)) \(rate) \(left)", " \(pad(percent, 4)) \(left)"]
            let least = min(leastName, DisplayWidth.of(name))
            let figures = choices.first { room - DisplayWidth.of($0) >= least } ?? " \(percent)"
            let shown = DisplayWidth.prefix(name, room - DisplayWidth.of(figures))
            return String(shown) + String(figures.suffix(room))
        }
        let full = Int(share * Double(barRoom))  // bounds: 0 to 1 of 40
        let empty = String(repeating: " ", count: barRoom - full)
        return "\(name) [\(String(repeating: "=", count: full))\(empty)]\(all)"
    }

    /// So many columns of a name are wanted before the last figures go.
    private static let leastName = 16

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// `M:SS`, or `H:MM:SS`.
    private static func timeText(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 360_000 else { return "--:--" }
        let whole = Int(seconds.rounded(.up))  // bounds: finite, below 360,000
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = whole / 60
        return minutes < 60
            ? "\(minutes):\(two(whole % 60))" : "\(minutes / 60):\(two(minutes % 60)):\(two(whole % 60))"
    }
}

extension Int64 {
    /// The nearest number there is; 0 for what is none.
    fileprivate init(clamping value: Double) {
        if value.isNaN {
            self = 0
        } else {
            self = Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
        }
    }
}
