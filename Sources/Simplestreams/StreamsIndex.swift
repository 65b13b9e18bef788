public import Failure
import JSON

/// `streams/v1/index.json`: which files list the images of a server (format "index:1.0" of simplestreams).
public struct StreamsIndex: Sendable {
    /// The files that list images to download, below the server's URL. What lists anything else is left out.
    public let files: [ServerPath]
    public let remarks: Remarks

    /// Where a server has its index, below its URL.
    public static let path = "streams/v1/index.json"
    /// The most bytes of one; it names each product, and no more.
    public static let longest = 16 << 20
    /// Servers have one list, or a few.
    private static let mostFiles = 64

    /// - Parameter bytes: the file.
    /// - Throws: `SourceError` if it is no index, or lists more than anybody has.
    public init(_ bytes: [UInt8]) throws(Failure) {
        let root = try StreamsJSON.root(bytes, format: "index:1.0", file: Self.path)
        guard let entries = root["index"], entries.kind == .object else {
            throw Failure(.sourceError, "\(Self.path) has no \"index\"")
        }
        var files: [ServerPath] = []
        var remarks = Remarks()
        try entries.forEachMember { (id, entry) throws(Failure) in
            let found = entry.members(Self.keys)
            guard found[0]?.stringValue == StreamsJSON.datatype, found[1]?[0] != nil else { return }
            guard found[2].map({ $0.stringValue == StreamsJSON.productsFormat }) ?? true else {
                return remarks.add("list \(id.prefix(100))", "is of another format")
            }
            guard let path = found[3]?.stringValue.flatMap({ ServerPath($0) }) else {
                return remarks.add("list \(id.prefix(100))", "has no path below the server's URL")
            }
            guard files.count < Self.mostFiles else {
                throw Failure(.sourceError, "\(Self.path) names more than \(Self.mostFiles) lists of images")
            }
            if !files.contains(path) { files.append(path) }
        }
        self.files = files
        self.remarks = remarks
    }

    private static let keys: JSONKeys = ["datatype", "products", "format", "path"]
}

/// What both kinds of file have in common.
enum StreamsJSON {
    static let datatype = "image-downloads"
    static let productsFormat = "products:1.0"
    /// That of a server with hundreds of products has about five megabytes.
    static let longest = 64 << 20

    static func root(_ bytes: [UInt8], format: String, file: String) throws(Failure) -> JSONSlice {
        let root: JSONSlice
        do {
            root = try JSONDocument(bytes, limits: JSONLimits(depth: 32, bytes: longest)).root
        } catch {
            throw Failure(.sourceError, "\(file) is not JSON", cause: error, hint: "is this a server of simplestreams?")
        }
        guard root["format"]?.stringValue == format else {
            throw Failure(
                .sourceError, "\(file) is not of the format \(format)", hint: "is this a server of simplestreams?")
        }
        return root
    }
}
