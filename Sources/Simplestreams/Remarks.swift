/// What of a server's lists was left out, and why. There is no end of what a broken server could get wrong, so that only the
/// first are kept.
public struct Remarks: Sendable {
    /// A sentence each; with texts of the server in it, which are not fit for a terminal.
    public private(set) var texts: [String] = []
    /// How many there were.
    public private(set) var count = 0

    static let most = 20

    mutating func add(_ subject: String, _ why: String) {
        count += 1
        if texts.count < Self.most { texts.append("\(subject) \(why)") }
    }
}
