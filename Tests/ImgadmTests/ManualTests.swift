import SystemPackage
import TestHost
import Testing

/// The manual pages say of commands and options what the programs declare.
@Suite struct ManualTests {
    /// `make manual` writes it; what has no place in a page yet is named by it.
    @Test func theManualIsWhatTheProgramsDeclare() async throws {
        // Tests run in the folder of the package.
        try await Tool.run("scripts/manual.py", "--check", FilePath(Binaries.imgadm).removingLastComponent().string)
    }
}
