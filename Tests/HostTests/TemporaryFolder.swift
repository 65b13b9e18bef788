import SystemPackage
import TestHost

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let path = TestFolder.make("host")

    deinit { TestFolder.remove(path) }
}
