import JSON

/// A field to sort by.
public struct SortKey: Sendable, Hashable {
    public let path: FieldPath
    /// Whether the greatest comes first.
    public let isReversed: Bool

    /// The keys of a comma-separated list; a leading `-` reverses one.
    public static func list(_ text: String) -> [SortKey] {
        text.split(separator: ",").map { name in
            let isReversed = name.hasPrefix("-")
            return SortKey(path: FieldPath(String(isReversed ? name.dropFirst() : name)), isReversed: isReversed)
        }
    }

    public init(path: FieldPath, isReversed: Bool = false) {
        self.path = path
        self.isReversed = isReversed
    }
}

/// A field's value as sorting sees it: what is missing comes first, then numbers, then text.
enum SortValue {
    case missing
    /// Whole numbers are compared exactly where their nearest `Double` is the same.
    case number(Double, isFraction: Bool, whole: Int)
    case text(String)

    init(_ value: JSONValue?) {
        if case .number(let number)? = value {
            let whole = number.int
            self = .number(number.double, isFraction: whole == nil, whole: whole ?? 0)
        } else if let text = value?.fieldText {
            self = .text(text)
        } else {
            self = .missing
        }
    }

    /// Below zero if this one comes first, above if the other does.
    func compared(to other: SortValue) -> Int {
        switch (self, other) {
        case (.text(let one), .text(let other)): one == other ? 0 : one < other ? -1 : 1
        case (
            .number(let one, let oneIsFraction, let oneWhole), .number(let other, let otherIsFraction, let otherWhole)
        ):
            if one != other {
                one < other ? -1 : 1
            } else if oneIsFraction != otherIsFraction {
                otherIsFraction ? -1 : 1
            } else {
                oneWhole == otherWhole ? 0 : oneWhole < otherWhole ? -1 : 1
            }
        default: rank - other.rank
        }
    }

    private var rank: Int {
        switch self {
        case .missing: 0
        case .number: 1
        case .text: 2
        }
    }
}

/// Sorts the places of rows by some of their values; rows that are equal stay in order.
struct SortOrder {
    private let keys: [SortKey]
    /// Those of the first row, then those of the second, and so on.
    private var values: [SortValue] = []
    private var count = 0

    init(_ keys: [SortKey]) { self.keys = keys }

    mutating func append(_ row: ArraySlice<JSONValue?>) {
        values.append(contentsOf: row.lazy.map { SortValue($0) })
        count += 1
    }

    func sorted() -> [Int] {
        (0..<count).sorted { one, other in
            for (index, key) in keys.enumerated() {
                let order = values[one * keys.count + index].compared(to: values[other * keys.count + index])
                if order != 0 { return (order < 0) != key.isReversed }
            }
            return one < other
        }
    }
}
