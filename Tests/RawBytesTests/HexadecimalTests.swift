import RawBytes
import Testing

@Suite struct HexadecimalTests {
    @Test func bothWays() {
        let all = Array(UInt8.min...UInt8.max)
        let text = Hexadecimal.text(all)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
        #expect(Hexadecimal.bytes(text) == all && Hexadecimal.bytes(text.uppercased()) == all)
        #expect(Hexadecimal.bytes("") == [])
    }

    @Test(arguments: ["0", "abc", "0g", "g0", " 00", "0x", "-1", "\u{ff11}\u{ff12}", "@0", "`0", "/0", ":0", "G0"])
    func whatIsNoneIsNone(text: String) { #expect(Hexadecimal.bytes(text) == nil) }

    /// Wherever the one byte stands that is none.
    @Test func zeros() {
        for count in [0, 1, 63, 64, 65, 128, 200] {
            var bytes = [UInt8](repeating: 0, count: count)
            #expect(unsafe bytes.span.bytes.isZero)
            for place in bytes.indices {
                bytes[place] = 1
                #expect(unsafe !bytes.span.bytes.isZero, "\(place) of \(count)")
                bytes[place] = 0
            }
        }
    }
}
