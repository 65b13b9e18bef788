import Host

extension ImageMaker {
    /// Looks for VMs that runs of `create` have left half done. Nothing is changed.
    public func findings() async throws -> [Finding] {
        do {
            try HostFile.checkTrusted(root.locks)
        } catch is UnsafeFolder {
            // What a run is at work on cannot be told from what one has left; that folder is told of with the images.
            return []
        }
        var findings: [Finding] = []
        for machine in try CreateIntent.machines(in: root) {
            guard let lock = try await FileLock.takingFromTheDying(CreateIntent.lockPath(machine, root)) else {
                continue
            }
            lock.release()
            findings.append(
                Finding(
                    kind: "machine", problem: "VM \(machine) is as a run of create left it that died",
                    remedy: "imgadm create --recover \(machine)"
                ) {
                    // What its owner may have written since is lost only when he asks for that.
                    let quiet = Report(line: { _ in }, warning: { _ in })
                    if case .left = try await self.recover(machine, isAsked: false, quiet) { return false }
                    return true
                })
        }
        return findings
    }
}
