/// The 512 bytes of a header (POSIX.1 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").
struct HeaderBlock {
    static let size = 512
    private let bytes: [UInt8]

    enum Dialect { case v7, posix, gnu }
    let dialect: Dialect

    /// - Parameter bytes: 512 of them.
    /// - Throws: `badHeader` unless the checksum is right.
    init(_ bytes: [UInt8]) throws(UnplacedTarError) {
        self.bytes = bytes
        dialect =
            bytes[257..<263].elementsEqual("ustar\0".utf8)
            ? .posix : bytes[257..<265].elementsEqual("ustar  \0".utf8) ? .gnu : .v7
        // Old writers summed up signed bytes.
        let stated = try HeaderNumber.read(bytes[148..<156])
        var unsigned: Int64 = 8 * 32
        var signed: Int64 = 8 * 32
        for (place, byte) in bytes.enumerated() where !(148..<156).contains(place) {
            unsigned += Int64(byte)
            signed += Int64(Int8(bitPattern: byte))
        }
        guard stated == unsigned || stated == signed else {
            throw UnplacedTarError(.badHeader, "its checksum is wrong")
        }
    }

    var type: UInt8 { bytes[156] }
    /// GNU's sparse files keep their map where others have a prefix.
    private var isSparseType: Bool { dialect == .gnu && type == UInt8(ascii: "S") }

    func size() throws(UnplacedTarError) -> UInt64 { try HeaderBlock.size(try HeaderNumber.read(bytes[124..<136])) }

    static func size(_ number: Int64) throws(UnplacedTarError) -> UInt64 {
        guard let size = UInt64(exactly: number) else { throw UnplacedTarError(.badHeader, "a size is negative") }
        return size
    }

    func mode() throws(UnplacedTarError) -> UInt32 {
        UInt32(truncatingIfNeeded: try HeaderNumber.read(bytes[100..<108])) & 0o7777
    }
    func uid() throws(UnplacedTarError) -> Int64 { try HeaderNumber.read(bytes[108..<116]) }
    func gid() throws(UnplacedTarError) -> Int64 { try HeaderNumber.read(bytes[116..<124]) }
    func modified() throws(UnplacedTarError) -> Int64 { try HeaderNumber.readTime(bytes[136..<148]) }
    /// The format of 1979 has no field for it.
    func deviceMajor() throws(UnplacedTarError) -> Int64 {
        dialect == .v7 ? 0 : try HeaderNumber.read(bytes[329..<337])
    }
    func deviceMinor() throws(UnplacedTarError) -> Int64 {
        dialect == .v7 ? 0 : try HeaderNumber.read(bytes[337..<345])
    }

    var linkTarget: [UInt8] { text(157..<257) }

    /// Prefix and name, parted by a slash.
    func path() throws(UnplacedTarError) -> [UInt8] {
        let name = text(0..<100)
        var prefix = text(345..<500)
        switch dialect {
        case .v7:
            // libarchive takes whatever begins like it for ustar.
            guard prefix.isEmpty || !bytes[257..<262].elementsEqual("ustar".utf8) else {
                throw UnplacedTarError(.ambiguous, "its name may have a prefix")
            }
            prefix = []
        case .gnu: prefix = formerPrefix
        case .posix:
            // star keeps times in the last bytes of the prefix.
            if bytes[508..<512].elementsEqual("tar\0".utf8), prefix.count >= 131 {
                throw UnplacedTarError(.ambiguous, "its name may end in star's times")
            }
        }
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    /// GNU's headers have two times where ustar's have a prefix, but Go before 1.8, and docker with it, wrote a prefix into
    /// them: ASCII that cannot be times is one, to Go's own reader and so to everything that unpacks images.
    private var formerPrefix: [UInt8] {
        guard !isSparseType, !isTime(345..<357) || !isTime(357..<369) else { return [] }
        let text = text(345..<500)
        return text.allSatisfy { $0 < 0x80 } ? text : []
    }

    private func isTime(_ range: Range<Int>) -> Bool {
        // It is asked what the field is, not for its number.
        bytes[range.lowerBound] == 0 || (try? HeaderNumber.read(bytes[range])) != nil
    }

    private func text(_ range: Range<Int>) -> [UInt8] { Array(bytes[range].prefix { $0 != 0 }) }

    // GNU's sparse files of type `S` (GNU tar manual, "Old GNU Format")

    var sparseRegions: ArraySlice<UInt8> { bytes[386..<482] }
    var sparseGoesOn: Bool { bytes[482] != 0 }
    func realSize() throws(UnplacedTarError) -> UInt64 { try HeaderBlock.size(try HeaderNumber.read(bytes[483..<495])) }
}
