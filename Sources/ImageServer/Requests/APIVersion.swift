/// The versions of the protocol (imgapi.md, section 15). Only images differ: from 2.0.0 on they show their channels.
enum APIVersion: CaseIterable, Sendable {
    case one, two

    /// The newest version in the range that `Accept-Version` has; nil if there is none in it, or it is no range.
    init?(accepting range: String?) {
        guard let range = VersionRange(range ?? "~1") else { return nil }
        if range.contains(major: 2) {
            self = .two
        } else if range.contains(major: 1) {
            self = .one
        } else {
            return nil
        }
    }

    var showsChannels: Bool { self == .two }
}
