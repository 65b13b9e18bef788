import Failure
import Glibc
import Host
import SystemPackage
import TestHost
import Testing

/// Whom the folders of the state may belong to.
@Suite(.enabled(if: geteuid() == 0)) struct HostRootTests {
    /// What is done to the root before, by shell in it, and whether it may be worked with then.
    static let states: [(line: String, isFine: Bool)] = [
        ("true", true), ("mkdir -p var/imgadm/images var/run var/tmp; chmod 1777 var/tmp", true),
        ("mkdir -p var real; ln -s ../real var/imgadm", true), ("mkdir var; ln -s /no/where var/imgadm", true),
        ("mkdir var; touch var/imgadm", true), ("chmod 770 .", true),
        ("chown 65534 .", false), ("mkdir -p var/imgadm; chown 65534 var/imgadm", false),
        ("mkdir -p var/imgadm/create; chown 65534 var/imgadm/create", false),
        (
            "mkdir -p var/imgadm/bare real; chown 65534 real; rmdir var/imgadm/bare; ln -s ../../real var/imgadm/bare",
            false
        ),
        ("mkdir -p var/imgadm real; ln -s ../../real var/imgadm/images; chown -h 65534 var/imgadm/images", false),
        ("mkdir -p var/run; chmod 777 var/run", false),
    ]

    @Test(arguments: states)
    func aFolderOfSomebodyElseIsRefused(line: String, isFine: Bool) async throws {
        let folder = TemporaryFolder()
        try await Tool.shell("cd '\(folder.path)' && { \(line); }")
        let root = HostRoot(folder.path)
        if isFine {
            try root.checkFolders()
        } else {
            let failure = #expect(throws: UnsafeFolder.self) { try root.checkFolders() }
            #expect(failure?.code == .unsafeFolder, "\(line)")
        }
    }
}
