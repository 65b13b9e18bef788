public import Failure
public import ImageModel
import JSON

/// What a server of simplestreams offers: the products of its lists ("products:1.0").
public struct Catalogue: Sendable {
    /// In the order of the lists.
    public private(set) var products: [Product] = []
    public private(set) var remarks = Remarks()
    private let architecture: Architecture?
    private let mostImages: Int
    private var imageCount = 0

    /// - Parameters:
    ///   - architecture: products of others are passed over; nil takes all.
    ///   - mostImages: more is an error, since it would take memory without end. Servers have some thousands.
    public init(of architecture: Architecture?, mostImages: Int = 50_000) {
        self.architecture = architecture
        self.mostImages = mostImages
    }

    /// Takes in a list of products.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - name: how errors call it.
    /// - Throws: `SourceError` if it is no list of products, or of too many images.
    public mutating func add(_ bytes: [UInt8], name: String) throws(Failure) {
        try add(try ProductList(bytes, name: name))
    }

    /// Takes in a list of products.
    ///
    /// - Throws: `SourceError` if it is of too many images.
    public mutating func add(_ list: ProductList) throws(Failure) {
        try list.products.forEachMember { (key, json) throws(Failure) in
            let product: Product
            do throws(Unusable) {
                guard let found = try Product(key, json, of: architecture, &remarks) else { return }
                product = found
            } catch {
                return remarks.add("product \(key.prefix(100))", error.why)
            }
            imageCount += product.images.count
            guard imageCount <= mostImages else {
                throw Failure(.sourceError, "\(list.name) lists more than \(mostImages) images")
            }
            products.append(product)
        }
    }

    /// Every image once, in the order of the lists, newer versions before older ones. Where two have the same file, and so the
    /// same UUID, the first counts.
    public var images: [StreamsImage] {
        var seen: Set<ImageUUID> = []
        return products.flatMap(\.images).filter { seen.insert($0.uuid).inserted }
    }

    /// The images that a name means: of each kind that is there, the newest, or the one of a version.
    ///
    /// A product's own names count before those that follow from its fields. Where several products have a name, the newest
    /// image counts, and of equally new ones that of the product that is listed first.
    ///
    /// - Parameters:
    ///   - name: an alias, in upper or lower case, with `/ARCHITECTURE` behind it or not; or a product's key.
    ///   - version: as in the manifest, or the version's key.
    /// - Returns: a root, a disk, both, or none.
    public func find(_ name: String, version: String? = nil) -> [StreamsImage] {
        let (alias, named) = Self.parting(name)
        let candidates = products.filter { named == nil || $0.architecture == named }
        let matches = [
            candidates.filter { $0.key == name }, candidates.filter { $0.names.own.contains(alias) },
            candidates.filter { $0.names.implied.contains(alias) },
        ]
        guard let products = matches.first(where: { !$0.isEmpty }) else { return [] }
        return ContentUUID.Kind.allCases.compactMap { kind in
            var best: StreamsImage?
            for image in products.lazy.flatMap(\.images) where image.kind == kind {
                guard version == nil || image.version == version || image.serial == version else { continue }
                if best.map({ $0.serial.utf8.lexicographicallyPrecedes(image.serial.utf8) }) ?? true { best = image }
            }
            return best
        }
    }

    /// The architecture that a name asks for, as `debian/13/arm64` does; nil where it asks for none.
    public static func architecture(askedBy name: String) -> Architecture? { parting(name).1 }

    /// In lower case, the architecture apart.
    private static func parting(_ name: String) -> (String, Architecture?) {
        let name = name.lowercased()
        guard let slash = name.lastIndex(of: "/"),
            let architecture = Architecture(named: name[name.index(after: slash)...])
        else { return (name, nil) }
        return (String(name[..<slash]), architecture)
    }
}
