#if ISAL
    import CISAL

    /// The header of a gzip member (RFC 1952 §2.3), passed over byte by byte.
    struct GzipHeader {
        private enum Field {
            case fixed, extraLength, extra, name, comment, checksum, none
        }

        private var field = Field.fixed
        private var flags: UInt8 = 0
        /// Bytes of the field that have been read.
        private var position = 0
        private var extraLength = 0
        /// CRC-32 of what comes before the header's own checksum.
        private var sum: UInt32 = 0

        private static let checksumFlag: UInt8 = 0x02
        private static let extraFlag: UInt8 = 0x04
        private static let nameFlag: UInt8 = 0x08
        private static let commentFlag: UInt8 = 0x10
        private static let reservedFlags: UInt8 = 0xe0

        /// The header is complete: what follows is deflated.
        var isComplete: Bool { field == .none }

        mutating func take(_ byte: UInt8) throws(CompressionError) {
            let expected = UInt8(truncatingIfNeeded: sum >> (8 * position))
            if field != .checksum {
                unsafe withUnsafeBytes(of: byte) { sum = unsafe crc32_gzip_refl(sum, $0.baseAddress, 1) }
            }
            position += 1
            switch field {
            case .fixed:
                try takeFixed(byte)
                if position == 10 { next(.extraLength) }
            case .extraLength:
                extraLength |= Int(byte) << (8 * (position - 1))
                if position == 2 { next(.extra) }
            case .extra: if position == extraLength { next(.name) }
            case .name: if byte == 0 { next(.comment) }
            case .comment: if byte == 0 { next(.checksum) }
            case .checksum:
                guard byte == expected else {
                    throw CompressionError(.corrupt, .gzip, "incorrect checksum of the header")
                }
                if position == 2 { next(.none) }
            case .none: break
            }
        }

        private mutating func takeFixed(_ byte: UInt8) throws(CompressionError) {
            switch position {
            case 1: if byte != 0x1f { throw CompressionError(.corrupt, .gzip, "no gzip header") }
            case 2: if byte != 0x8b { throw CompressionError(.corrupt, .gzip, "no gzip header") }
            case 3: if byte != 8 { throw CompressionError(.corrupt, .gzip, "unknown compression method") }
            case 4:
                if byte & GzipHeader.reservedFlags != 0 { throw CompressionError(.corrupt, .gzip, "unknown flags") }
                flags = byte
            default: break
            }
        }

        /// Goes to the first field, from this one on, that is there.
        private mutating func next(_ field: Field) {
            position = 0
            self.field = field
            switch field {
            case .extraLength: if flags & GzipHeader.extraFlag == 0 { next(.name) }
            case .extra: if extraLength == 0 { next(.name) }
            case .name: if flags & GzipHeader.nameFlag == 0 { next(.comment) }
            case .comment: if flags & GzipHeader.commentFlag == 0 { next(.checksum) }
            case .checksum: if flags & GzipHeader.checksumFlag == 0 { next(.none) }
            case .fixed, .none: break
            }
        }
    }
#endif
