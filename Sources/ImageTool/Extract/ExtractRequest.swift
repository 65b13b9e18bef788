import Failure

/// What is to be taken out of an image file.
public struct ExtractRequest: Sendable {
    /// A path, or `-` for standard input.
    public var file: String
    /// For an incremental stream, the files of what it builds on, the oldest first.
    public var origins: [String]
    /// Paths inside; none: everything.
    public var paths: [String]

    public init(file: String, origins: [String] = [], paths: [String] = []) {
        self.file = file
        self.origins = origins
        self.paths = paths
    }
}

/// Paths inside of an image file: each names itself and all below it.
struct ChosenPaths {
    /// Parts of each, with how the user typed it.
    private let paths: [(parts: [[UInt8]], typed: String)]
    private var found: Set<Int> = []

    init(_ paths: [String]) {
        self.paths = paths.map { (Self.parts(Array($0.utf8)), $0) }
    }

    static func parts(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.map(Array.init)
    }

    /// Whether a path is one of them, or below one.
    mutating func contains(_ path: [UInt8]) -> Bool {
        guard !paths.isEmpty else { return true }
        let parts = Self.parts(path)
        var isChosen = false
        for (index, chosen) in paths.enumerated() where parts.starts(with: chosen.parts) {
            found.insert(index)
            isChosen = true
        }
        return isChosen
    }

    /// - Throws: `Usage` for what was not found.
    func checkFound(in file: String) throws(Failure) {
        guard let missing = paths.indices.first(where: { !found.contains($0) }) else { return }
        throw Failure(
            .usage, "there is no \"\(paths[missing].typed)\" in \"\(file)\"",
            hint: "imgadm extract -t shows what is in it; paths are taken literally, from the root on")
    }
}
