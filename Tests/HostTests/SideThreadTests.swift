import Host
import Testing

@Suite struct SideThreadTests {
    @Test func workIsDoneInItsOrder() throws {
        let thread = SideThread([Int]())
        for number in 0..<1000 { thread.add { $0.append(number) } }
        #expect(try thread.finish() == Array(0..<1000))
    }

    /// What comes behind a failure does not hide it, and nothing waits for ever.
    @Test func theFirstFailureIsTold() {
        struct TestError: Error, Equatable { var number: Int }
        let thread = SideThread(0)
        for number in 1...100 {
            thread.add { state in
                if number >= 3 { throw TestError(number: number) }
                state = number
            }
        }
        #expect(throws: TestError(number: 3)) { try thread.finish() }
    }
}
