/// Where a VMDK keeps what, by its directory of tables.
struct VMDKMap: DiskMap {
    private let header: VMDKHeader
    private var directory: TableReader
    private var table: TableReader?
    private var grain: UInt64 = 0

    init(_ header: VMDKHeader, _ bytes: inout DiskBytes) throws {
        var header = header
        if header.directory == VMDKHeader.atEnd { header.directory = try Self.directoryAtEnd(header, &bytes) }
        self.header = header
        let count = (header.grainCount + header.tableCount - 1) / header.tableCount
        directory = TableReader(
            at: header.directory * VMDKHeader.sector, count: count, width: 4, isLittleEndian: true,
            "the grain directory")
    }

    /// The footer is the last sector but one.
    private static func directoryAtEnd(_ header: VMDKHeader, _ bytes: inout DiskBytes) throws -> UInt64 {
        guard let size = bytes.fileSize, size >= 1024 else {
            throw DiskError(.truncated, at: 0, "there is no room for the footer")
        }
        let footer = try VMDKHeader(try bytes.bytes(at: size - 1024, count: 512, "the footer"), at: size - 1024)
        guard footer.directory != VMDKHeader.atEnd, footer.speaks(of: header) else {
            throw DiskError(.badHeader, at: size - 1024, "the footer speaks of another disk than the header")
        }
        return footer.directory
    }

    var size: UInt64 { header.size }
    var clusterSize: Int? { header.grainBytes }
    var detail: String {
        (header.isCompressed ? "streamOptimized" : "monolithicSparse") + ", grains of \(header.grainBytes) bytes"
    }

    mutating func next(_ bytes: inout DiskBytes) throws -> DiskExtent? {
        while grain < header.grainCount {
            if grain % header.tableCount == 0 || table == nil {
                let sector = try directory.entry(grain / header.tableCount, &bytes)
                guard sector > 0 else {
                    table = nil
                    grain = (grain / header.tableCount + 1) * header.tableCount
                    continue
                }
                table = TableReader(
                    at: sector * VMDKHeader.sector, count: header.tableCount, width: 4, isLittleEndian: true,
                    "a grain table")
            }
            let sector = try table?.entry(grain % header.tableCount, &bytes) ?? 0
            let at = grain
            grain += 1
            if sector == 0 || sector == 1 && header.knowsZeroGrains { continue }
            return try extent(at, sector * VMDKHeader.sector, &bytes)
        }
        return nil
    }

    private func extent(_ grain: UInt64, _ place: UInt64, _ bytes: inout DiskBytes) throws -> DiskExtent {
        let start = grain * UInt64(header.grainBytes)
        guard header.isCompressed else {
            return DiskExtent(start: start, count: header.grainBytes, storage: .plain(at: place))
        }
        let marker = try bytes.bytes(at: place, count: 12, "a grain's marker")
        let sector: UInt64 = marker.little(0)
        guard sector == grain * header.grain else {
            throw DiskError(
                .badMap, at: place,
                "the grain for sector \(grain * header.grain) of the disk is marked as that for \(sector)")
        }
        return try VMDKGrain(marker, at: place, header).extent
    }
}

/// A packed grain behind its marker.
struct VMDKGrain {
    let extent: DiskExtent
    let byteCount: UInt64

    init(_ marker: [UInt8], at place: UInt64, _ header: VMDKHeader) throws {
        let sector: UInt64 = marker.little(0)
        let count: UInt32 = marker.little(8)
        guard sector < header.capacity, sector % header.grain == 0 else {
            throw DiskError(
                .badMap, at: place,
                "a grain for sector \(sector) in a disk of \(header.capacity), in grains of \(header.grain)")
        }
        guard count > 0, Int(count) <= 2 * header.grainBytes else {
            throw DiskError(
                .badMap, at: place,
                "a packed grain of \(count) bytes: up to twice the \(header.grainBytes) it unpacks to")
        }
        extent = DiskExtent(
            start: sector * VMDKHeader.sector, count: header.grainBytes,
            storage: .packed(.zlib, at: place + 12, room: Int(count)),
            frame: place..<((place + 12 + UInt64(count) + 511) / 512 * 512))
        byteCount = UInt64(count)
    }
}
