/// A number of bytes for people, in binary units.
public enum ByteCount {
    /// Two sizes that others state, together, or the most that there can be.
    public static func sum(_ one: Int64, _ other: Int64) -> Int64 {
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// `512 B`, `1.5 KiB`, `46.7 MiB`.
    public static func text(_ bytes: Int64) -> String {
        guard bytes >= 1024 else { return "\(bytes) B" }
        var value = Double(bytes)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        // From 1023.95 on, one digit behind the point would show as 1024.0.
        while value >= 1023.95 && unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int64((value * 10).rounded())  // bounds: of an Int64, and not above it
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
