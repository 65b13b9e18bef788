import Failure
import Host
import ImageModel
import JSON

/// The SmartOS platform that this host runs, by `sysinfo` (manifest.md, "Platform requirements").
struct HostPlatform: Sendable {
    let runner: any CommandRunner

    /// - Returns: nil on a host that is no SmartOS.
    /// - Throws: `CommandFailed` if `sysinfo` fails, or prints something else than the platform.
    func read() async throws -> Platform? {
        guard ExecutableSearch.find("sysinfo") != nil else { return nil }
        let command = Command("sysinfo", [])
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw command.failure(outcome) }
        let info: JSONValue
        do {
            info = try JSONValue(parsing: outcome.output)
        } catch {
            throw Failure(.commandFailed, "what sysinfo prints is not JSON", cause: error)
        }
        guard let stamp = info["Live Image"]?.stringValue else {
            throw Failure(.commandFailed, "what sysinfo prints does not say which platform this is (\"Live Image\")")
        }
        return Platform(version: info["SDC Version"]?.stringValue, stamp: stamp)
    }
}
