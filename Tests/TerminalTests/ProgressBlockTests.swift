import Terminal
import Testing

@Suite struct ProgressBlockTests {
    @Test func linesAreDrawnInPlaceOfTheLast() {
        var block = ProgressBlock()
        #expect(block.erasing(width: 80) == "")
        #expect(block.drawing(["one", "two"], width: 80) == "one\ntwo")
        #expect(block.drawing(["three"], width: 80) == "\r\u{1b}[1A\u{1b}[Jthree")
        #expect(block.erasing(width: 80) == "\r\u{1b}[J")
        #expect(block.erasing(width: 80) == "")
    }

    @Test func aTerminalThatBecameNarrowerHasWrappedThem() {
        var block = ProgressBlock()
        _ = block.drawing([String(repeating: "x", count: 79), "two"], width: 80)
        #expect(block.erasing(width: 40) == "\r\u{1b}[2A\u{1b}[J")
        _ = block.drawing([String(repeating: "x", count: 79)], width: 80)
        #expect(block.erasing(width: 0) == "\r\u{1b}[78A\u{1b}[J")
    }

    @Test func colours() {
        let plain = TextStyle(environment: ["TERM": "dumb"])
        #expect(plain.alarming("x") == "x")
        #expect(TextStyle(environment: ["CLICOLOR_FORCE": "1"]).alarming("x") == "\u{1b}[1;31mx\u{1b}[0m")
        #expect(TextStyle(environment: ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]).warning("x") == "x")
        #expect(TextStyle(environment: ["CLICOLOR_FORCE": "0", "TERM": "dumb"]).dim("x") == "x")
    }
}
