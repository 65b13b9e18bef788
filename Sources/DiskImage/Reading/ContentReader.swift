import RawBytes

/// Fetches the pieces that a map names, unpacks them, and hands on what is not zero.
final class ContentReader {
    var bytes: DiskBytes
    /// Where the content ends that was looked at last.
    private(set) var reached: UInt64 = 0
    private var buffer: [UInt8] = []
    /// Of a map: what may go on, a piece of the file as it is or several that are packed.
    private var pending: [DiskExtent] = []
    /// What is being unpacked, and is handed on next.
    private var unpacking: Unpacking?
    private let unpackers = IdleUnpackers()
    // Of a disk that is kept as it is.
    private var place: UInt64 = 0
    private var rawSize: UInt64?
    private var held: [UInt8] = []
    /// The data that was found last. To look for its end takes as long as it is, whoever asks.
    private var region: Range<UInt64>?

    /// Bytes that are read at a time, if there are so many in a row.
    private let pieceBytes: Int
    private let unpacksAside: Bool
    private static let grain = 4096

    /// All bytes are the disk's, also what looks like the footer of a VHD.
    private let isAsItIs: Bool

    init(_ bytes: DiskBytes, isAsItIs: Bool, _ limits: DiskLimits) {
        self.isAsItIs = isAsItIs
        self.bytes = bytes
        pieceBytes = max(limits.pieceBytes, 2 * Self.grain)
        unpacksAside = limits.unpacksAside
    }

    /// Hands on a piece, as large as it gets.
    ///
    /// - Returns: true if there is no more.
    func step(_ map: inout (any DiskMap)?, to visitor: inout some DiskVisitor) throws -> Bool {
        guard let size = map?.size else { return true }
        while let extent = try map?.next(&bytes) {
            if pending.takes(extent, most: pieceBytes) { continue }
            let pieces = pending
            pending = [extent]
            try hand(pieces, size, &visitor)
            return false
        }
        let pieces = pending
        pending = []
        try hand(pieces, size, &visitor)
        try handUnpacked(&visitor)
        return true
    }

    private func hand(_ extents: [DiskExtent], _ size: UInt64, _ visitor: inout some DiskVisitor) throws {
        var packed: [PackedPiece] = []
        for extent in extents where extent.start < size {
            let count = Int(min(UInt64(extent.count), size - extent.start))
            switch extent.storage {
            case .plain(let place):
                try handUnpacked(&visitor)
                try hand(extent, count, at: place, &visitor)
            case .packed(let packing, let place, let room):
                var input = [UInt8](repeating: 0, count: room)
                let there = try unsafe input.withUnsafeMutableBytes { try unsafe bytes.read(at: place, into: $0) }
                input.removeSubrange(there...)
                let piece = PackedPiece(
                    packing: packing, input: input, place: place, frame: extent.frame, start: extent.start,
                    count: extent.count, wanted: count)
                // Before it is unpacked: it may end soon, and the same be said of the next.
                try bytes.count(piece.leastUsed, at: place)
                packed.append(piece)
            }
        }
        guard !packed.isEmpty else { return }
        let next = Unpacking(packed, by: unpackers, aside: unpacksAside)
        try handUnpacked(&visitor)
        unpacking = next
    }

    private func handUnpacked(_ visitor: inout some DiskVisitor) throws {
        guard let unpacking else { return }
        self.unpacking = nil
        for (piece, result) in zip(unpacking.pieces, unpacking.finish()) {
            let unpacked = try result.get()
            try bytes.use(packedAt: piece.place, count: unpacked.used, counted: piece.leastUsed)
            bytes.forget(piece.frame, but: piece.place..<(piece.place + UInt64(unpacked.used)))
            try emit(unpacked.bytes, piece.wanted, at: piece.start, to: &visitor)
        }
    }

    /// - Parameter count: bytes of it that the disk has.
    private func hand(
        _ extent: DiskExtent, _ count: Int, at place: UInt64, _ visitor: inout some DiskVisitor
    ) throws {
        var done = 0
        while done < count {
            let length = min(count - done, pieceBytes)
            let there = try fill(length, from: place + UInt64(done))
            try bytes.use(at: place + UInt64(done), count: there)
            try emit(buffer, length, at: extent.start + UInt64(done), to: &visitor)
            done += length
        }
        // The rest of the last piece lies beyond the disk's end, and is used all the same.
        if extent.count > count, place + UInt64(extent.count) <= bytes.known {
            try bytes.use(at: place + UInt64(count), count: extent.count - count)
        }
        bytes.forget(extent.frame, but: place..<(place + UInt64(extent.count)))
    }

    /// Reads into the buffer. All of it must be there: whoever writes a disk writes its last piece as far as the disk goes.
    private func fill(_ count: Int, from place: UInt64) throws -> Int {
        reserve(count)
        let there = try unsafe buffer.withUnsafeMutableBytes {
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: $0[..<count])
            let there = try unsafe bytes.read(at: place, into: target)
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[there...])
                .initializeMemory(as: UInt8.self, repeating: 0)
            return there
        }
        guard there == count else {
            throw DiskError(
                .truncated, at: place + UInt64(there), "content should be there, but the file ends at \(bytes.known)")
        }
        return there
    }

    /// Hands on what is not zero of a buffer, in runs of whole grains.
    private func emit(
        _ buffer: [UInt8], _ count: Int, at offset: UInt64, to visitor: inout some DiskVisitor
    ) throws {
        let all = unsafe buffer.span.bytes.extracting(0..<count)
        reached = offset + UInt64(count)
        var runStart: Int?
        var place = 0
        while place < count {
            // The first grain may begin in the middle of one: formats have pieces of 512 bytes.
            let length = min(count - place, Self.grain - Int((offset + UInt64(place)) % UInt64(Self.grain)))
            if all.extracting(place..<(place + length)).isZero {
                if let start = runStart {
                    try visitor.data(all.extracting(start..<place), at: offset + UInt64(start))
                }
                runStart = nil
            } else if runStart == nil {
                runStart = place
            }
            place += length
        }
        if let start = runStart { try visitor.data(all.extracting(start..<count), at: offset + UInt64(start)) }
    }

    /// Reads a piece of a disk that is kept as it is. At its end there may be the footer of a VHD of fixed size.
    ///
    /// - Returns: bytes of the disk, at its end.
    func stepRaw(_ limits: DiskLimits, to visitor: inout some DiskVisitor) throws -> UInt64? {
        guard let fileSize = bytes.fileSize else { return try stepRawStream(limits, to: &visitor) }
        if rawSize == nil {
            let footer = !isAsItIs && fileSize % 512 == 0 ? try VHDFooter.atEnd(&bytes, fileSize) : nil
            rawSize = footer == nil ? fileSize : fileSize - 512
        }
        guard let size = rawSize, place < size, let range = try dataRegion(), range.lowerBound < size else {
            return rawSize
        }
        // From a whole grain on, whatever the file's holes are.
        let start = max(place, range.lowerBound / UInt64(Self.grain) * UInt64(Self.grain))
        let count = Int(min(UInt64(pieceBytes), min(range.upperBound, size) - start))
        guard try fill(count, from: start) == count else {
            throw DiskError(.truncated, at: start, "the file became shorter than \(fileSize) bytes")
        }
        try emit(buffer, count, at: start, to: &visitor)
        place = start + UInt64(count)
        return nil
    }

    private func dataRegion() throws -> Range<UInt64>? {
        if let region, region.contains(place) { return region }
        region = try bytes.nextData(from: place)
        return region
    }

    /// The last grain is held back until it is known whether the disk goes on, or ends in a footer.
    private func stepRawStream(_ limits: DiskLimits, to visitor: inout some DiskVisitor) throws -> UInt64? {
        reserve(pieceBytes)
        let there = try unsafe buffer.withUnsafeMutableBytes {
            try unsafe bytes.read(at: place, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<pieceBytes]))
        }
        try bytes.use(at: place, count: there)
        let end = place + UInt64(there)
        let isLast = there < pieceBytes
        let tail = there > 0 ? Array(buffer[..<there].suffix(512)) : Array(held.suffix(512))
        let hasFooter = !isAsItIs && isLast && VHDFooter(tail)?.isOfFixedDisk(fileSize: end) == true
        let size = hasFooter ? end - 512 : end
        guard size <= limits.size else {
            throw DiskError(.limit, at: place, "the disk has more than \(limits.size) bytes")
        }
        if !held.isEmpty, unsafe !held.span.bytes.isZero {
            // A footer that is all there is in this piece ends the grain before it, too.
            let start = place - UInt64(held.count)
            let held = held
            try unsafe visitor.data(held.span.bytes.extracting(0..<Int(min(place, size) - start)), at: start)
        }
        if isLast {
            if size > place { try emit(buffer, Int(size - place), at: place, to: &visitor) }
            return size
        }
        held = Array(buffer[(there - Self.grain)..<there])
        try emit(buffer, there - Self.grain, at: place, to: &visitor)
        place = end
        return nil
    }

    private func reserve(_ count: Int) {
        if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
    }
}
