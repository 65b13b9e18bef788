import Failure
public import Host

/// What imgadm asks of the host's VM manager to tell a VM's dataset from an image.
public protocol VirtualMachineRoots: Sendable {
    /// The root folders of all VMs, as mount points; empty where there is no VM manager.
    func rootFolders() async throws -> Set<String>
}

/// SmartOS: the zone paths of `zoneadm list -pc` (state.md, "Datasets"). Other hosts have no `zoneadm` and no roots.
public struct ZoneRoots: VirtualMachineRoots {
    private let runner: any CommandRunner

    public init(runner: any CommandRunner) { self.runner = runner }

    public func rootFolders() async throws -> Set<String> {
        guard ExecutableSearch.find("zoneadm") != nil else { return [] }
        let command = Command("zoneadm", ["list", "-pc"], limit: .seconds(60))
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw command.failure(outcome) }
        return ZoneRoots.parse(outcome.lines)
    }

    /// Zone paths of lines `id:name:state:path:uuid:brand:ip-type`, a `:` within a field written `\:`.
    static func parse(_ lines: [Substring]) -> Set<String> {
        var roots: Set<String> = []
        for line in lines {
            var fields = [""]
            var escaped = false
            for character in line {
                switch character {
                case "\\" where !escaped: escaped = true
                case ":" where !escaped: fields.append("")
                default:
                    fields[fields.count - 1].append(character)
                    escaped = false
                }
            }
            if fields.count > 3 && fields[1] != "global" { roots.insert(fields[3]) }
        }
        return roots
    }
}
