import Failure
import Host

/// Reads what a failed `zfs` or `zpool` said, as cases a caller can act on; the text itself is always kept.
enum ZFSError {
    static func read(_ outcome: CommandOutcome, of command: Command, doing what: String) -> Failure {
        let said = outcome.errorText
        // What others say there, the loader or a wrapper, comes after what zfs complains of itself.
        let own = said.split(separator: "\n").filter { $0.hasPrefix("cannot ") }.joined(separator: "\n")
        let known = cases.first { own.contains($0.text) } ?? cases.first { said.contains($0.text) }
        return Failure(
            known?.code ?? .zfs, "cannot \(what)", cause: command.failure(outcome), hint: known?.hint ?? nil)
    }

    private static let cases: [(text: String, code: Failure.Code, hint: String?)] = [
        ("no such pool", .poolNotFound, nil),
        ("dataset does not exist", .datasetNotFound, nil),
        ("could not find any snapshots", .datasetNotFound, nil),
        ("dataset already exists", .datasetExists, nil),
        ("exists\nmust specify -F", .datasetExists, nil),
        ("not currently mounted", .notMounted, nil),
        ("dependent clones", .imageHasDependentClones, nil),
        ("is busy", .datasetBusy, nil),
        ("resource busy", .datasetBusy, nil),
        ("umount failed", .datasetBusy, nil),
        ("unmount failed", .datasetBusy, nil),
        ("out of space", .noSpace, "make room in the pool, or use another with -P"),
        ("o space left", .noSpace, "make room in the pool, or use another with -P"),
        ("quota exceeded", .noSpace, nil),
        ("ermission denied", .permissionDenied, "run as root, or have the ZFS permissions delegated (zfs allow)"),
        ("modules are not loaded", .zfs, "load the kernel module: modprobe zfs"),
        ("failed to initialize ZFS", .zfs, "is the ZFS service running? (zfs-fuse: service zfs-fuse start)"),
        ("zfs-fuse daemon", .zfs, "is the ZFS service running? (zfs-fuse: service zfs-fuse start)"),
    ]
}
