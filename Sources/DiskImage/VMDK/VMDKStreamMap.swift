/// Where a VMDK has what whose directory is at its end, while it comes as a stream: each grain says where it belongs.
///
/// The tables that follow must say the same: there is one disk in it, whichever way it is read.
struct VMDKStreamMap: DiskMap {
    private let header: VMDKHeader
    private var place: UInt64
    private var reached: UInt64 = 0
    /// Sectors of the grains since the last table, by their place in it.
    private var grains: [UInt32]
    private var tableIndex: UInt64?
    /// Sectors of the tables so far.
    private var tables: [UInt64: UInt32] = [:]
    private var directory: UInt64?
    /// Where the footer ends.
    private var footerEnd: UInt64?
    private var isEnded = false

    init(_ header: VMDKHeader) {
        self.header = header
        place = header.overhead * VMDKHeader.sector
        grains = [UInt32](repeating: 0, count: Int(header.tableCount))
    }

    var size: UInt64 { header.size }
    var clusterSize: Int? { header.grainBytes }
    var detail: String { "streamOptimized, grains of \(header.grainBytes) bytes" }

    mutating func next(_ bytes: inout DiskBytes) throws -> DiskExtent? {
        while !isEnded {
            let marker = try bytes.bytes(at: place, count: 16, "a marker")
            if marker.little(8, as: UInt32.self) > 0 { return try grain(marker) }
            try metadata(marker, &bytes)
        }
        return nil
    }

    private mutating func grain(_ marker: [UInt8]) throws -> DiskExtent {
        let grain = try VMDKGrain(marker, at: place, header)
        guard grain.extent.start >= reached else {
            throw DiskError(
                .unsupported, at: place, "its grains do not ascend: keep it in a file, which can be read in any order")
        }
        guard directory == nil else {
            throw DiskError(.badMap, at: place, "a grain comes behind the directory, which does not have it")
        }
        let index = grain.extent.start / UInt64(header.grainBytes)
        if let tableIndex, tableIndex != index / header.tableCount {
            throw DiskError(
                .badMap, at: place, "grains of the next table come before the table of those that were there")
        }
        tableIndex = index / header.tableCount
        grains[Int(index % header.tableCount)] = try sector(place)
        reached = grain.extent.start + UInt64(grain.extent.count)
        place = (place + 12 + grain.byteCount + 511) / 512 * 512
        return grain.extent
    }

    private func sector(_ place: UInt64) throws -> UInt32 {
        guard let sector = UInt32(exactly: place / VMDKHeader.sector) else {
            throw DiskError(.badMap, at: place, "a VMDK of more than 2 Ti")
        }
        return sector
    }

    private mutating func metadata(_ marker: [UInt8], _ bytes: inout DiskBytes) throws {
        let sectors: UInt64 = marker.little(0)
        let type: UInt32 = marker.little(12)
        guard sectors <= 1 << 17 else {
            throw DiskError(.badMap, at: place, "a marker with \(sectors) sectors behind it: 131072 there may be")
        }
        let start = place + 512
        switch type {
        case 0:
            isEnded = true
            guard tableIndex == nil, directory != nil || tables.isEmpty else {
                throw DiskError(.badMap, at: place, "the end comes before the tables of what was there")
            }
            // In a file, the footer is looked for before the last sector.
            guard footerEnd == place else {
                throw DiskError(.badHeader, at: place, "the end does not come behind the footer")
            }
            try checkRest(start, &bytes)
        case 1: try checkTable(start, &bytes)
        case 2: try checkDirectory(start, sectors, &bytes)
        case 3:
            let footer = try VMDKHeader(try bytes.bytes(at: start, count: 512, "the footer"), at: start)
            guard footer.directory == directory, footer.speaks(of: header) else {
                throw DiskError(.badHeader, at: start, "the footer speaks of another disk than was there")
            }
            footerEnd = start + 512
        default: throw DiskError(.unsupported, at: place, "a marker of type \(type)")
        }
        place = start + sectors * VMDKHeader.sector
    }

    /// What follows the end can be nothing but zeros: to a file, its own end counts.
    private func checkRest(_ start: UInt64, _ bytes: inout DiskBytes) throws {
        var rest = [UInt8](repeating: 0, count: 1 << 16)
        var place = start
        while true {
            let count = try unsafe rest.withUnsafeMutableBytes { try unsafe bytes.read(at: place, into: $0) }
            if count == 0 { return }
            guard rest[..<count].allSatisfy({ $0 == 0 }) else {
                throw DiskError(.badMap, at: place, "something follows its end")
            }
            bytes.forget(place..<(place + UInt64(count)))
            place += UInt64(count)
        }
    }

    private mutating func checkTable(_ start: UInt64, _ bytes: inout DiskBytes) throws {
        let table = try bytes.bytes(at: start, count: grains.count * 4, "a grain table")
        for index in grains.indices {
            let stated: UInt32 = table.little(index * 4)
            guard stated == grains[index] || grains[index] == 0 && stated == 1 && header.knowsZeroGrains else {
                throw DiskError(
                    .badMap, at: start + UInt64(index) * 4,
                    "the table has a grain at sector \(stated), which was at \(grains[index])")
            }
            grains[index] = 0
        }
        // A table of nothing may be there, for no part of the disk in particular.
        // That one may be looked at again.
        if let tableIndex {
            guard tables[tableIndex] == nil else {
                throw DiskError(.badMap, at: start, "a second table for the same part of the disk")
            }
            tables[tableIndex] = try sector(start)
            bytes.forget((start - 512)..<(start + UInt64(grains.count) * 4))
        }
        tableIndex = nil
    }

    private mutating func checkDirectory(_ start: UInt64, _ sectors: UInt64, _ bytes: inout DiskBytes) throws {
        let count = (header.grainCount + header.tableCount - 1) / header.tableCount
        guard count <= sectors * 128 else {
            throw DiskError(.badMap, at: start, "a directory of \(sectors) sectors, where there are \(count) tables")
        }
        var reader = TableReader(at: start, count: count, width: 4, isLittleEndian: true, "the grain directory")
        // Many entries may lead to one, which is looked at once.
        var empties: Set<UInt64> = []
        for index in 0..<count {
            let stated = try reader.entry(index, &bytes)
            if let table = tables[index] {
                guard stated == UInt64(table) else {
                    throw DiskError(
                        .badMap, at: start + index * 4,
                        "the directory has a table at sector \(stated), which was at \(table)")
                }
            } else if stated > 0, empties.insert(stated).inserted {
                // It must be one of those of nothing.
                let empty = try bytes.bytes(at: stated * VMDKHeader.sector, count: grains.count * 4, "a grain table")
                guard empty.allSatisfy({ $0 == 0 }) else {
                    throw DiskError(
                        .badMap, at: start + index * 4,
                        "the directory has a table at sector \(stated), which was not there")
                }
            }
        }
        directory = start / VMDKHeader.sector
    }
}
