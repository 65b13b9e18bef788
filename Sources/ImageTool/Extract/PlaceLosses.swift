import Failure

/// The entries that were not made for what lies in their place.
struct PlaceLosses {
    /// By fingerprint: there may be very many, with long names.
    private var paths: Set<Int> = []
    private var told: [Failure] = []
    private var count = 0
    /// So many are told one by one.
    private static let most = 20

    mutating func note(_ path: [UInt8], _ failure: Failure) {
        count += 1
        paths.insert(Self.fingerprint(path))
        if told.count < Self.most { told.append(failure) }
    }

    /// It is one of them.
    func has(_ path: [UInt8]) -> Bool { !paths.isEmpty && paths.contains(Self.fingerprint(path)) }

    /// Paths are told with `./` before them or without it.
    private static func fingerprint(_ path: [UInt8]) -> Int {
        Array(
            path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
                .joined(separator: [UInt8(ascii: "/")])
        ).hashValue
    }

    /// All of them; nil where there is none.
    var failure: Failure? {
        guard let all = Failure.combining(told)?.failure, count > told.count else {
            return Failure.combining(told)?.failure
        }
        return Failure(.usage, "\(count) entries were not made, the first of them: \(all.message)", hints: all.hints)
    }
}
