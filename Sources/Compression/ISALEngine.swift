#if ISAL
    import CISAL

    /// gzip by ISA-L, twice as fast as zlib.
    @safe final class ISALEngine: Engine {
        // 87 KB: on the heap, not on a thread's stack.
        private let state: UnsafeMutablePointer<inflate_state>
        // ISA-L would read the header too, but loses its place where two chunks meet inside of it.
        private var header = GzipHeader()

        init() {
            unsafe state = .allocate(capacity: 1)
            unsafe cisal_start_gzip(state)
        }

        deinit { unsafe state.deallocate() }

        let allowsPadding = true

        func canStart(with byte: UInt8) -> Bool { byte == 0x1f }

        func restart() {
            unsafe cisal_start_gzip(state)
            header = GzipHeader()
        }

        func step(
            _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
        ) throws(CompressionError) -> EngineStep {
            guard header.isComplete else { return try unsafe readHeader(input) }
            let given = UInt32(clamping: input.count)
            let room = UInt32(clamping: output.count)
            unsafe state.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            unsafe state.pointee.avail_in = given
            unsafe state.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
            unsafe state.pointee.avail_out = room
            let result = unsafe isal_inflate(state)
            guard result >= 0 else { throw CompressionError(.corrupt, .gzip, ISALEngine.reason(result)) }
            return EngineStep(
                consumed: unsafe Int(given - state.pointee.avail_in),
                produced: unsafe Int(room - state.pointee.avail_out),
                ended: unsafe cisal_is_finished(state) != 0)
        }

        private func readHeader(_ input: UnsafeRawBufferPointer) throws(CompressionError) -> EngineStep {
            var consumed = 0
            while !header.isComplete && consumed < input.count {
                try header.take(unsafe input[consumed])
                consumed += 1
            }
            return EngineStep(consumed: consumed, produced: 0, ended: false)
        }

        private static func reason(_ result: Int32) -> String {
            switch result {
            case ISAL_INVALID_BLOCK: "invalid block"
            case ISAL_INVALID_SYMBOL: "invalid symbol"
            case ISAL_INVALID_LOOKBACK: "invalid distance"
            case ISAL_INCORRECT_CHECKSUM: "incorrect checksum"
            default: "error \(result)"
            }
        }
    }
#endif
