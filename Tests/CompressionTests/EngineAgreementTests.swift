#if ISAL
    @testable import Compression
    import Testing

    /// ISA-L takes zlib's place where it is there: nothing else may change.
    @Suite struct EngineAgreementTests {
        private static func both(_ bytes: [UInt8], chunks: [Int]) throws -> (isal: Outcome, zlib: Outcome) {
            let limits = DecompressionLimits()
            return (
                try unpack(bytes, Decompressor(.gzip, engine: ISALEngine(), limits: limits), chunks: chunks),
                try unpack(bytes, Decompressor(.gzip, engine: ZlibEngine(), limits: limits), chunks: chunks)
            )
        }

        @Test(arguments: Packer.all.filter { $0.format == .gzip })
        func theSameData(packer: Packer) throws {
            for (name, bytes) in Samples.all {
                let packed = try packer.pack(bytes)
                for chunks in [[1], [3, 1000], [1 << 20]] where chunks != [1] || packed.count < 20_000 {
                    let (isal, zlib) = try Self.both(packed, chunks: chunks)
                    #expect(isal == zlib && isal == .data(bytes), "\(name) by \(chunks)")
                }
            }
        }

        @Test(arguments: [[1], [1 << 20]])
        func theSameRefusals(chunks: [Int]) throws {
            let plain = Samples.text(200) + Samples.noise(30)
            let packed = try Packer(.gzip, "pigz -i -b 128").pack(plain)
            for index in packed.indices {
                for bit in 0..<8 {
                    var damaged = packed
                    damaged[index] ^= 1 << bit
                    let (isal, zlib) = try Self.both(damaged, chunks: chunks)
                    #expect((isal.reason == nil) == (zlib.reason == nil), "byte \(index), bit \(bit): \(isal), \(zlib)")
                }
                let (isal, zlib) = try Self.both(Array(packed[..<index]), chunks: chunks)
                #expect(isal == zlib, "\(index) bytes")
            }
        }
    }
#endif
