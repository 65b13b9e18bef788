/// One component of a path, as a file system takes it: not empty, not `.` or `..`, without `/` and NUL.
public struct EntryName: Hashable, Comparable, Sendable {
    /// The bytes and a NUL behind them.
    private let terminated: [UInt8]

    /// - Returns: nil for what is no name.
    public init?(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= EntryName.longest, !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")),
            !bytes.elementsEqual([UInt8(ascii: ".")]),
            !bytes.elementsEqual(
                ".."
                    .utf8)
        else { return nil }
        terminated = Array(bytes) + [0]
    }

    /// NAME_MAX of every file system that matters here.
    static let longest = 255

    public var bytes: ArraySlice<UInt8> { terminated.dropLast() }

    public static func < (one: EntryName, other: EntryName) -> Bool {
        one.terminated.lexicographicallyPrecedes(other.terminated)
    }

    /// Lends the name as a C string.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe terminated.withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { preconditionFailure("a name has at least its NUL") }
                return unsafe body(start)
            }
        }
    }
}
