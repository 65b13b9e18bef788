import TestHost
import Testing

/// Something that is refused: the lines of a script, the error's code, and a word of what is said.
struct Refusal: ExpressibleByArrayLiteral {
    let script: String
    let code: String
    let word: String

    init(arrayLiteral parts: String...) {
        precondition(parts.count == 3, "a script, a code, a word: \(parts)")
        (script, code, word) = (parts[0], parts[1], parts[2])
    }

    /// Runs it, and expects that it fails as it should.
    func check(_ run: (String) async throws -> Sandbox.Run) async throws {
        let refused = try await run(script)
        #expect(refused.status != 0 && refused.errors.contains("(\(code))"), "\(self)\n\(refused)")
        #expect(refused.errors.contains(word), "\(self)\n\(refused)")
    }
}
