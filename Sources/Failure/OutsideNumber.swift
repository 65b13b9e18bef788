/// Numbers from outside (environment, config, arguments), taken at the door within bounds that are stated there, so that
/// nothing behind it can overflow. What is none is an error in words, never a trap and never silently something else.
public enum OutsideNumber {
    /// The seconds of a day.
    public static let day = 86_400.0

    /// A whole number in decimal digits.
    ///
    /// - Parameter name: what the user calls it.
    /// - Throws: `ConfigError`.
    public static func whole(_ text: String, in bounds: ClosedRange<Int>, named name: String) throws(Failure) -> Int {
        guard let number = Int(text), bounds.contains(number) else {
            throw outside(text, "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)", name)
        }
        return number
    }

    /// A time in seconds, with a fraction if need be.
    ///
    /// - Throws: `ConfigError`, also for infinity and what is no number.
    public static func seconds(
        _ text: String, in bounds: ClosedRange<Double>, named name: String
    ) throws(Failure) -> Duration {
        // A comparison with NaN is false.
        guard let number = Double(text), bounds.contains(number) else {
            throw outside(text, "a number of seconds from \(bounds.lowerBound) to \(bounds.upperBound)", name)
        }
        return .milliseconds(Int64(number * 1000))  // bounds: as stated, a day at most
    }

    private static func outside(_ text: String, _ expected: String, _ name: String) -> Failure {
        Failure(.configError, "\(name) is \"\(text)\", but must be \(expected)")
    }
}
