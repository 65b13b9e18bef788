public import Failure
import JSON

/// A file that lists products ("products:1.0" of simplestreams), its text checked, and read on demand.
public struct ProductList: Sendable {
    let products: JSONSlice
    /// How errors call it.
    let name: String

    /// The most bytes of one. That of a server with hundreds of products has about five megabytes.
    public static let longest = StreamsJSON.longest

    /// - Parameters:
    ///   - bytes: the file.
    ///   - name: how errors call it.
    /// - Throws: `SourceError` if it is no list of products.
    public init(_ bytes: [UInt8], name: String) throws(Failure) {
        let root = try StreamsJSON.root(bytes, format: StreamsJSON.productsFormat, file: name)
        guard root["datatype"].map({ $0.stringValue == StreamsJSON.datatype }) ?? true else {
            throw Failure(.sourceError, "\(name) lists no images to download")
        }
        guard let listed = root["products"], listed.kind == .object else {
            throw Failure(.sourceError, "\(name) has no \"products\"")
        }
        products = listed
        self.name = name
    }
}
