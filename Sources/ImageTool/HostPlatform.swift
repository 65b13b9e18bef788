import Failure
import Host
import ImageModel
import JSON

/// The SmartOS platform that this host runs, by `sysinfo` (manifest.md, "Platform requirements").
struct HostPlatform: Sendable {
    let runner: any CommandRunner

    /// - Returns: nil on a host that is no SmartOS.
    func read() async throws -> Platform? {
        guard ExecutableSearch.find("sysinfo") != nil else { return nil }
        let command = Command("sysinfo", [])
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw command.failure(outcome) }
        guard let info = try? JSONValue(parsing: outcome.output), let stamp = info["Live Image"]?.stringValue else {
            return nil
        }
        return Platform(version: info["SDC Version"]?.stringValue, stamp: stamp)
    }
}
