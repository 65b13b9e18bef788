/// bzip2 on several cores. The blocks of a file depend on nothing but their own bits, and begin with a magic number, though at
/// any bit: whatever looks like a block is decoded ahead.
///
/// What counts is read in order all the same: a block is one only where the block before it ends, so that what looks like one
/// by chance or by intent costs time, and changes nothing. The checksum of each block and of each stream are verified; a
/// block's before its bytes are handed out, unless it unpacks to more than 4 MiB. Streams that follow each other are one file.
///
/// Memory: for each thread 7 MB, and for each block that is ahead its bytes, packed and unpacked.
@safe final class ParallelBZip2Engine: Engine {
    private enum Place {
        case header(isFirst: Bool)
        case magic
        /// A block that is decoded ahead.
        case ahead(BZip2Job)
        /// A block of which more must be there than a number of bytes.
        case here(tried: Int)
        case handingOut(BZip2Block)
        case handingOutRandomised(RandomisedBZip2Block)
    }

    private enum Step {
        case done
        case needsInput
        case waits(BZip2Job)
        case ended
    }

    private var place = Place.header(isFirst: true)
    /// The bit up to which all is read.
    private var position = 0
    private var level = 0
    /// Of the stream, from the checksums of its blocks.
    private var checksum: UInt32 = 0
    private var window = BZip2Window()
    private var jobs: [BZip2Job] = []
    private let mostJobs: Int
    private let threads: Int
    private let unpacksAside: Bool
    private let newDecoder: () -> BZip2Decoder
    private lazy var workers = BZip2Workers(threads: threads, aside: unpacksAside, decoder: newDecoder)
    /// For blocks that are not decoded ahead.
    private lazy var decoder = newDecoder()

    /// - Parameters:
    ///   - threads: how many blocks are decoded at a time.
    ///   - unpacksAside: they are decoded on threads of their own.
    ///   - decoder: makes one.
    init(threads: Int, unpacksAside: Bool = true, decoder: @escaping () -> BZip2Decoder = { BZip2Decoder() }) {
        self.threads = max(1, threads)
        self.unpacksAside = unpacksAside
        newDecoder = decoder
        mostJobs = self.threads + 2
    }

    deinit {
        for job in jobs { job.abandon() }
        if case .ahead(let job) = place { job.abandon() }
        workers.join()
    }

    let allowsPadding = false

    func canStart(with byte: UInt8) -> Bool { false }

    func restart() {}

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        var rest = unsafe input
        while true {
            let produced = try unsafe handOut(output)
            let consumed = input.count - rest.count
            if produced > 0 { return EngineStep(consumed: consumed, produced: produced, ended: false) }
            let isComplete = unsafe isLast && rest.isEmpty
            look(isComplete)
            switch try advance(isComplete) {
            case .done: continue
            case .ended: return EngineStep(consumed: consumed, produced: 0, ended: true)
            case .needsInput:
                if unsafe rest.isEmpty { return EngineStep(consumed: consumed, produced: 0, ended: false) }
            case .waits(let job):
                let hasRoom = jobs.count < mostJobs && window.count < mostJobs << 20
                // What could be decoded meanwhile is fetched first.
                if unsafe hasRoom && rest.isEmpty && !isLast {
                    return EngineStep(consumed: consumed, produced: 0, ended: false)
                }
                if unsafe !hasRoom || rest.isEmpty {
                    job.wait()
                    continue
                }
            }
            let piece = unsafe rest.prefix(64 << 10)
            unsafe window.append(UnsafeRawBufferPointer(rebasing: piece))
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
        }
    }

    /// Has what looks like a block decoded, as far as there is room.
    private func look(_ isComplete: Bool) {
        while jobs.count < mostJobs {
            // A file of one block needs no thread.
            guard let next = window.next(isLast: isComplete && !jobs.isEmpty) else { return }
            let job = BZip2Job(start: next.start, bytes: next.bytes)
            jobs.append(job)
            workers.start(job)
        }
    }

    private func handOut(_ output: UnsafeMutableRawBufferPointer) throws(CompressionError) -> Int {
        switch place {
        case .handingOut(let block):
            let count = unsafe block.take(output)
            if block.isEmpty {
                if block.isDamaged { throw corrupt("incorrect checksum of a block") }
                pass(block.end, block.checksum)
            }
            return count
        case .handingOutRandomised(let block):
            let count = try unsafe block.take(output)
            if count == 0 { pass(block.end, block.checksum) }
            return count
        default: return 0
        }
    }

    /// A block has been handed out.
    private func pass(_ end: Int, _ blockChecksum: UInt32) {
        checksum = (checksum << 1 | checksum >> 31) ^ blockChecksum
        place = .magic
        go(to: end)
    }

    private func go(to position: Int) {
        self.position = position
        window.drop(before: position)
        let gone = jobs.prefix { $0.start < position }
        for job in gone { job.abandon() }
        jobs.removeFirst(gone.count)
    }
}

// MARK: - In order

extension ParallelBZip2Engine {
    /// Goes one step further, up to the next bytes to be handed out.
    private func advance(_ isComplete: Bool) throws(CompressionError) -> Step {
        switch place {
        case .header(let isFirst): return try readHeader(isFirst: isFirst, isComplete)
        case .magic: return try readMagic(isComplete)
        case .ahead(let job):
            guard let outcome = job.outcome else { return .waits(job) }
            try take(outcome, tried: job.length, from: job.start & ~7)
            return .done
        case .here(let tried):
            let length = (window.end - position) >> 3
            guard isComplete || length >= min(max(2 * tried, 4 << 10), BZip2Decoder.mostPacked) else {
                return .needsInput
            }
            let outcome = unsafe window.read(from: position) { unsafe decoder.decode($0, at: position & 7) }
            if case .incomplete = outcome {
                if length >= BZip2Decoder.mostPacked { throw corrupt("a block has no end") }
                if isComplete { throw CompressionError(.truncated, .bzip2) }
            }
            try take(outcome, tried: length, from: position & ~7)
            return .done
        case .handingOut, .handingOutRandomised: return .done
        }
    }

    /// - Parameter base: the bit from which the outcome counts.
    private func take(_ outcome: BZip2Decoder.Outcome, tried: Int, from base: Int) throws(CompressionError) {
        switch outcome {
        case .block(let block):
            guard block.length <= level * 100_000 else { throw corrupt("a block is too long") }
            if block.isDamaged { throw corrupt("incorrect checksum of a block") }
            block.count(from: base)
            place = .handingOut(block)
        case .randomised(let end):
            var made: Result<RandomisedBZip2Block, CompressionError>?
            unsafe window.read(from: position) { bytes in
                made = Result { () throws(CompressionError) in
                    try unsafe RandomisedBZip2Block(bytes, from: position & 7, to: end, level: level, end: base + end)
                }
            }
            if let block = try made?.get() { place = .handingOutRandomised(block) }
        case .corrupt: throw corrupt("")
        case .incomplete: place = .here(tried: tried)
        }
    }

    private func readHeader(isFirst: Bool, _ isComplete: Bool) throws(CompressionError) -> Step {
        let there = min(4, (window.end - position) >> 3)
        if !isFirst, there == 0 { return isComplete ? .ended : .needsInput }
        var bytes: [UInt8] = []
        for place in 0..<there { bytes.append(UInt8(window.number(at: position + place * 8, bits: 8) ?? 0)) }
        if !isFirst, bytes[0] != UInt8(ascii: "B") { throw CompressionError(.trailingGarbage, .bzip2) }
        let isLevel = bytes.count < 4 || (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[3])
        guard "BZh".utf8.starts(with: bytes.prefix(3)), isLevel else { throw corrupt("no bzip2 header") }
        guard there == 4 else {
            if isComplete { throw CompressionError(.truncated, .bzip2) }
            return .needsInput
        }
        level = Int(bytes[3] - UInt8(ascii: "0"))
        checksum = 0
        place = .magic
        go(to: position + 32)
        return .done
    }

    private func readMagic(_ isComplete: Bool) throws(CompressionError) -> Step {
        let there = min(BZip2BlockHeader.magicBits, (window.end - position) & ~7)
        let number = window.number(at: position, bits: there) ?? 0
        let missing = BZip2BlockHeader.magicBits - there
        guard [BZip2BlockHeader.magic, BZip2BlockHeader.endMagic].contains(where: { $0 >> missing == number }) else {
            throw corrupt("neither a block nor an end")
        }
        if number == BZip2BlockHeader.magic, missing == 0 {
            if jobs.first?.start == position {
                place = .ahead(jobs.removeFirst())
            } else if isComplete || window.end - position >= BZip2Decoder.mostPacked * 8 {
                place = .here(tried: 0)
            } else {
                return .needsInput
            }
            return .done
        }
        if missing == 0, let stated = window.number(at: position + BZip2BlockHeader.magicBits, bits: 32) {
            guard stated == Int(checksum) else { throw corrupt("incorrect checksum of a stream") }
            place = .header(isFirst: false)
            go(to: (position + BZip2BlockHeader.magicBits + 32 + 7) & ~7)
            return .done
        }
        if isComplete { throw CompressionError(.truncated, .bzip2) }
        return .needsInput
    }

    private func corrupt(_ detail: String) -> CompressionError { CompressionError(.corrupt, .bzip2, detail) }
}
