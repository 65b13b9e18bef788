extension EntryHeaders {
    /// A sparse file of type `S` (GNU tar manual, "Old GNU Format").
    static func describeOld(_ described: inout Described, _ block: HeaderBlock, _ pax: PaxHeader)
        throws(UnplacedTarError)
    {
        guard pax.text("size") == nil, pax.text("GNU.sparse.name") == nil, !pax.isSparse else {
            throw UnplacedTarError(.ambiguous, "a sparse file is described by two kinds of header")
        }
        described.entry.isSparse = true
        described.entry.size = try block.realSize()
        described.map = SparseMap()
        let isFull = try described.map.addOldRegions(block.sparseRegions)
        described.mapGoesOn = block.sparseGoesOn
        guard isFull || !block.sparseGoesOn else {
            throw UnplacedTarError(.badSparseMap, "it goes on after its end")
        }
        if !described.mapGoesOn { try described.map.check(size: described.entry.size, stored: described.stored) }
    }

    /// A sparse file as pax headers describe it (GNU tar manual, "PAX Format, Versions 0.0, 0.1 and 1.0").
    static func describeSparse(_ described: inout Described, _ pax: PaxHeader) throws(UnplacedTarError) {
        guard pax.isSparse else {
            guard pax.text("GNU.sparse.name") == nil else {
                throw UnplacedTarError(.ambiguous, "a file that is not sparse has a sparse file's name")
            }
            return
        }
        guard described.entry.kind == .file else { throw UnplacedTarError(.badSparseMap, "the entry is no file") }
        described.entry.isSparse = true
        switch (try pax.number("GNU.sparse.major"), try pax.number("GNU.sparse.minor")) {
        case (1, 0):
            guard let size = try pax.sparseSize(), pax.sparseNumbers.isEmpty, pax.text("GNU.sparse.map") == nil else {
                throw UnplacedTarError(.badSparseMap, "it has no real size, or a second map")
            }
            described.entry.size = size
            described.mapIsInContent = true
        case (nil, nil), (0, 0), (0, 1):
            guard let size = try pax.sparseSize() else {
                throw UnplacedTarError(.badSparseMap, "it has no size")
            }
            let list = pax.text("GNU.sparse.map")
            guard list == nil || pax.sparseNumbers.isEmpty else {
                throw UnplacedTarError(.badSparseMap, "it is stated in two ways")
            }
            described.entry.size = size
            if let list {
                described.map = try SparseMap(list: list)
            } else {
                described.map = try SparseMap(numbers: pax.sparseNumbers.map { $0[...] })
            }
            guard try pax.number("GNU.sparse.numblocks") == UInt64(described.map.regions.count) else {
                throw UnplacedTarError(.badSparseMap, "it has another number of regions than stated")
            }
            try described.map.check(size: size, stored: described.stored)
        default: throw UnplacedTarError(.unsupported, "a sparse file of an unknown version")
        }
    }
}

extension PaxHeader {
    /// The size of a sparse file as it is read, for which there are two names.
    func sparseSize() throws(UnplacedTarError) -> UInt64? {
        let (size, real) = (try number("GNU.sparse.size"), try number("GNU.sparse.realsize"))
        if let size, let real, size != real {
            throw UnplacedTarError(.ambiguous, "a sparse file has two different sizes")
        }
        return size ?? real
    }

    var isSparse: Bool {
        !sparseNumbers.isEmpty
            || ["major", "minor", "realsize", "size", "numblocks", "map"].contains { text("GNU.sparse.\($0)") != nil }
    }
}
