/// What a user may do; each is all of the one before, and more.
enum Scope: String, Sendable, CaseIterable, Comparable {
    /// See images, also those that are not active.
    case read
    /// Make images, and change and delete those that he has made.
    case own
    /// Change and delete any.
    case publish
    /// Have the server fetch images from elsewhere, and see to the server.
    case admin

    private var rank: Int {
        switch self {
        case .read: 0
        case .own: 1
        case .publish: 2
        case .admin: 3
        }
    }

    static func < (one: Scope, other: Scope) -> Bool { one.rank < other.rank }
}
