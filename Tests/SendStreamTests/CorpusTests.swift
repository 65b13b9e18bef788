import SendStream
import Testing

/// Streams of OpenZFS's own tests.
@Suite(.enabled(if: Corpus.isThere)) struct CorpusTests {
    /// How many records each has, and how many of those with content.
    static let counts: [String: (records: UInt64, contents: Int)] = [
        "big-endian-all-drr-types-base-NATIVE": (47, 45), "big-endian-all-drr-types-base-XDR": (47, 45),
        "big-endian-all-drr-types-incr-NATIVE": (124, 117), "big-endian-all-drr-types-incr-XDR": (124, 117),
        "decompress-crypt": (39, 37), "decompress": (39, 37), "dedup": (152, 145), "dedup_encrypted_zvol": (820, 811),
        "little-endian-all-drr-types-base-XDR": (47, 45), "little-endian-all-drr-types-incr-NATIVE": (129, 122),
        "little-endian-long-payloads": (39, 37),
    ]

    @Test("Every record is read and every checksum holds", arguments: Corpus.names)
    func whole(name: String) throws {
        let bytes = try Corpus.stream(name)
        let reading = read(bytes, chunks: bytes.count > 1 << 21 ? [1 << 20] : [313, 1 << 16])
        #expect(reading.error == nil)
        #expect(reading.recordCount == Self.counts[name]?.records)
        #expect(reading.records.count == Self.counts[name]?.contents)
        // The last record of a frame's head has none.
        #expect(reading.uncheckedCount == (reading.headers[0].isCompound ? 1 : 0))
        #expect(Set(reading.headers.map(\.isLittleEndian)) == [!name.hasPrefix("big")])
    }

    @Test("Properties are read in both encodings and both byte orders")
    func properties() throws {
        for name in Corpus.names where name.contains("-incr-") {
            let lists = read(try Corpus.stream(name), chunks: []).events.compactMap { event in
                if case .begin(_, let list?) = event { list } else { nil }
            }
            #expect(lists.count == 2)
            #expect(lists.first?["tosnap"] == .text(Array("clean".utf8)))
            #expect(lists.first?["raw"] == .flag)
            guard case .list(let systems)? = lists.first?["fss"], case .list(let key)? = lists.last?["crypt_keydata"]
            else {
                Issue.record("lists are missing in \(name)")
                continue
            }
            #expect(systems.pairs.count == 2)
            #expect(key["pbkdf2iters"] == .unsigned(350_000))
            guard case .unsigneds(let master)? = key["DSL_CRYPTO_MASTER_KEY_1"] else {
                Issue.record("no key in \(name)")
                continue
            }
            #expect(master.count == 32)
        }
    }

    @Test(
        "A byte that is damaged is found by the next checksum",
        arguments: ["decompress", "big-endian-all-drr-types-base-XDR"])
    func damaged(name: String) throws {
        let bytes = try Corpus.stream(name)
        for place in stride(from: 320, to: bytes.count, by: 1997) {
            var damaged = bytes
            damaged[place] ^= 0x10
            #expect(read(damaged, chunks: []).error != nil, "byte \(place)")
        }
    }

    static let refusals = [
        ("dedup_encrypted_zvol", "raw"), ("decompress", "volume"), ("dedup", "dedup"), ("decompress-crypt", "raw"),
    ]

    @Test("What is no readable volume is refused, and says why", arguments: refusals)
    func refused(name: String, word: String) throws {
        let reading = readVolume(try Corpus.stream(name), chunks: [])
        #expect(reading.error?.reason == .unsupported)
        #expect(reading.error?.description.contains(word) == true, "\(reading.error as Any)")
    }

    @Test("Blocks packed by OpenZFS are unpacked", arguments: Corpus.names)
    func blocks(name: String) throws {
        var unpacker = PackedBlocks()
        let error = feed(try Corpus.stream(name), chunk: 1 << 16, to: &unpacker)
        #expect(error == nil)
        if !name.contains("dedup"), !name.contains("crypt"), !name.contains("long") {
            #expect(unpacker.count > 0)
        }
    }
}
