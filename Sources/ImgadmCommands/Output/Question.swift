import Host
import SystemPackage

extension Output {
    /// Asks on the terminal. A signal ends the question as it ends work, with the cursor on a line of its own.
    ///
    /// - Parameter choices: what can be answered, with what counts when nothing is typed as a capital.
    /// - Returns: the line that was typed; nil at the end of the input.
    /// - Throws: `CancellationError`; as ``text(_:)`` does.
    func ask(_ question: String, _ choices: String) async throws -> String? {
        try text("\(question) [\(choices)] ")
        try flush()
        do {
            // The terminal hands on whole lines, so what can be read is one.
            return try await withTaskExecutorPreference(DedicatedThread("question")) {
                try FileDescriptor.standardInput.waitUntilReadable()
                return readLine()
            }
        } catch let cancellation as CancellationError {
            try text("\n")
            throw cancellation
        }
    }
}
