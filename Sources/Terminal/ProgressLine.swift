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

    /// Lines one below the other, whose bars have the same place. It follows from names and totals alone, so that nothing but
    /// the bars and figures moves while they are drawn over and over.
    public static func render(_ states: [State], width: Int, bytes: (Int64) -> String) -> [String] {
        let layout = Layout(states, width: width, bytes: bytes)
        return states.map { layout.line($0, bytes: bytes) }
    }

    /// The line for a terminal of a width in columns; never wider than one less, so that no terminal wraps it.
    public static func render(_ state: State, width: Int, bytes: (Int64) -> String) -> String {
        Layout([state], width: width, bytes: bytes).line(state, bytes: bytes)
    }

    /// Which figures there are behind the bar.
    fileprivate enum Figures: CaseIterable {
        case all, rateAndTime, time, percent

        /// The most columns that they take: a number of bytes has ten, a rate twelve, a time eight.
        func most(total: Int) -> Int {
            switch self {
            case .all: 39 + total
            case .rateAndTime: 27
            case .time: 14
            case .percent: 5
            }
        }
    }

    /// Where things stand on lines of a width.
    fileprivate struct Layout {
        let room: Int
        var name: Int
        /// 0 where there is no room for one.
        var bar = 0
        var figures = Figures.percent

        /// Figures give way first, then the end of the name, down to so many columns; the bar stays.
        private static let leastName = 12
        private static let leastBar = 10
        private static let longestBar = 40

        init(_ states: [State], width: Int, bytes: (Int64) -> String) {
            room = max(21, width) - 1
            let widest = states.map { DisplayWidth.of(Printable.text($0.name)) }.max() ?? 0
            name = widest
            let total = states.compactMap(\.total).filter { $0 > 0 }.map { DisplayWidth.of(bytes($0)) }.max() ?? 0
            for figures in Figures.allCases {
                // A blank and two brackets are around the bar.
                let left = room - figures.most(total: total) - 3
                let name = min(widest, left - Self.leastBar)
                guard name >= min(Self.leastName, widest) else { continue }
                (self.figures, self.name, bar) = (figures, name, min(Self.longestBar, left - name))
                return
            }
        }

        func line(_ state: State, bytes: (Int64) -> String) -> String {
            let name = Printable.text(state.name)
            let rate = "\(bytes(Int64(clamping: state.rate)))/s"
            guard let total = state.total, total > 0 else {
                return String(DisplayWidth.prefix("\(name)  \(bytes(state.done))  \(rate)", room))
            }
            let done = min(max(0, state.done), total)
            let share = Double(done) / Double(total)
            // Rounded down, the last percent too: all of it is shown only when all is there.
            let percent = ProgressLine.pad("\(done == total ? 100 : min(99, Int(share * 100)))%", 4)  // bounds: 0 to 1
            let left = state.rate > 0 ? ProgressLine.timeText(Double(total - done) / state.rate) : "--:--"
            let text =
                switch figures {
                case .all: " \(percent) \(bytes(done))/\(bytes(total)) \(rate) \(left)"
                case .rateAndTime: " \(percent) \(rate) \(left)"
                case .time: " \(percent) \(left)"
                case .percent: " \(percent)"
                }
            guard bar > 0 else {
                return String(DisplayWidth.prefix(name, room - DisplayWidth.of(text))) + String(text.suffix(room))
            }
            let shown = DisplayWidth.prefix(name, self.name)
            let full = Int(share * Double(bar))  // bounds: 0 to 1 of 40
            let blanks = String(repeating: " ", count: self.name - DisplayWidth.of(String(shown)))
            let drawn = String(repeating: "=", count: full) + String(repeating: " ", count: bar - full)
            return String(DisplayWidth.prefix("\(shown)\(blanks) [\(drawn)]\(text)", room))
        }
    }

    fileprivate static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// `M:SS`, or `H:MM:SS`.
    fileprivate static func timeText(_ seconds: Double) -> String {
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
