import Tar
import TestArchives
import Testing

/// What an archive may take is what the limits say, to the byte.
@Suite struct LimitTests {
    private func reason(_ archive: [UInt8], _ limits: TarLimits) -> TarError.Reason? {
        read(archive + end, limits: limits).error?.reason
    }

    @Test("Entries are counted, and headers that describe others with them")
    func entries() {
        let three = file("a") + file("b") + file("c")
        #expect(reason(three, TarLimits(entries: 3)) == nil)
        #expect(reason(three, TarLimits(entries: 2)) == .limit)
        let locals = (0..<20).flatMap { pax(["path": "name \($0)"]) }
        #expect(reason(locals + file("a"), TarLimits(entries: 21)) == nil)
        #expect(reason(locals, TarLimits(entries: 19)) == .limit)
        let globals = (0..<20).flatMap { _ in pax(["comment": "again"], type: "g") }
        #expect(reason(globals, TarLimits(entries: 19)) == .limit)
    }

    @Test("Content is counted over all files")
    func content() {
        let two = file("a", "12345") + file("b", "678")
        #expect(reason(two, TarLimits(contentBytes: 8)) == nil)
        let reading = read(two + end, limits: TarLimits(contentBytes: 7))
        #expect(reading.error?.reason == .limit && reading.names == ["a"])
    }

    @Test("Holes count as content", arguments: SparseTests.archives)
    func holes(name: String, archive: [UInt8]) {
        #expect(reason(archive, TarLimits(contentBytes: 9000)) == nil)
        #expect(reason(archive, TarLimits(contentBytes: 8191)) == .limit)
        #expect(reason(archive + archive, TarLimits(contentBytes: 9000)) == .limit)
    }

    @Test("Sizes that wrap when they are added up are over any limit")
    func sums() {
        let hole = oldSparse("s", size: 0, real: 0, [])
        let huge = oldSparseHeader("s", size: 0, real: 0, [(0, 0)]).with(386, base256(.max, 12))
            .with(483, base256(.max, 12)).sealed
        #expect(reason(hole + huge + huge + huge + huge, TarLimits(contentBytes: .max)) == .limit)
        #expect(reason(huge + huge + huge, TarLimits()) == nil)
    }

    @Test("Paths and targets are as long as they may be")
    func names() {
        let name = String(repeating: "n", count: 20)
        let limits = TarLimits(nameLength: 19)
        for archive in [
            file(name), pax(["path": name]) + file("a"), long("L", name) + file("a"), file("name", dialect: .ustar),
            Header("a", type: "2", link: name).sealed,
            pax(["linkpath": name]) + Header("a", type: "2", link: "b").sealed,
            long("K", name) + Header("a", type: "2", link: "b").sealed,
            Header("234567890", prefix: "1234567890").sealed,
        ] {
            let isShort = archive == file("name", dialect: .ustar)
            #expect(reason(archive, limits) == (isShort ? nil : .limit))
            #expect(reason(archive, TarLimits(nameLength: 20)) == nil)
        }
    }

    @Test("An extended header is refused by its size alone")
    func extendedHeaders() {
        let header = pax(["comment": String(repeating: "c", count: 900)])
        #expect(reason(header + file("a"), TarLimits(extendedHeaderBytes: 1000)) == nil)
        for type in ["x", "g", "L", "K"] as [Character] {
            let limits = TarLimits(extendedHeaderBytes: 1000)
            // Nothing of it is waited for.
            let reading = read(Header("a", type: type, size: 1001).sealed, limits: limits)
            #expect(reading.error?.reason == .limit, "\(type)")
        }
    }

    @Test("A sparse map takes no more than an extended header")
    func maps() {
        let limits = TarLimits(extendedHeaderBytes: 10_000)
        let regions = (0..<2000).map { (2 * $0, 1) }
        let old = oldSparse("s", size: 2000, real: 3999, regions) + padded(zeros(2000))
        #expect(reason(old, TarLimits()) == nil)
        #expect(reason(old, limits) == .limit)
        let map = padded(Array(("2000\n" + regions.map { "\($0.0)\n\($0.1)\n" }.joined()).utf8))
        let new =
            pax([
                "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "3999",
            ]) + entry(Header("x", size: map.count + 2000), map + zeros(2000))
        #expect(reason(new, TarLimits()) == nil)
        #expect([.limit, .badSparseMap].contains(reason(new, limits)))
    }

    @Test("Many attributes, regions and records all arrive")
    func many() {
        let count = 40_000
        let attributes = extended((0..<count).flatMap { record("SCHILY.xattr.\($0)", "") })
        #expect(read(attributes + file("a") + end, chunks: [65_536]).entries.first?.attributes.count == count)
        let map = padded(Array(("80000\n" + (0..<80_000).map { "\(2 * $0)\n1\n" }.joined()).utf8))
        let sparse =
            pax([
                "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s",
                "GNU.sparse.realsize": "159999",
            ]) + entry(Header("x", size: map.count + 80_000), map + zeros(80_000))
        #expect(read(sparse + end, chunks: [512, 4096]).error == nil)
    }
}
