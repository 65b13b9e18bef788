public import Failure
import Host

/// What a failed `zfs` or `zpool` said, as cases a caller can act on; the text itself is always kept.
public struct ZFSError: CodedError {
    public enum Kind: Sendable, Hashable {
        case noPool, noDataset, exists, notMounted, hasClones, hasChildren, busy, noSpace, notPermitted
        /// This ZFS does not know the property: it is an older one.
        case noProperty
        /// None that anybody can act on.
        case other
    }

    public let kind: Kind
    public let failure: Failure

    /// - Parameter message: what could not be done.
    init(_ kind: Kind, _ message: String, cause: (any Error)? = nil, hint: String? = nil) {
        self.kind = kind
        failure = Failure(kind.code, message, cause: cause, hint: hint)
    }

    /// - Parameter what: was being done.
    init(_ outcome: CommandOutcome, of command: Command, doing what: String) {
        let said = outcome.errorText
        // What others say there, the loader or a wrapper, comes after what zfs complains of itself.
        let own = said.split(separator: "\n").filter { $0.hasPrefix("cannot ") }.joined(separator: "\n")
        let complaints = ZFSError.complaints
        let known = complaints.first { own.contains($0.text) } ?? complaints.first { said.contains($0.text) }
        guard known?.kind == .notPermitted else {
            self.init(
                known?.kind ?? .other, "cannot \(what)", cause: command.failure(outcome), hint: known?.hint ?? nil)
            return
        }
        // Whoever may not use ZFS is helped by no list of properties; the log has the command.
        let why = said.split(separator: "\n").first { $0.contains("ermission denied") } ?? ""
        self.init(
            .notPermitted, "cannot \(what)",
            cause: Failure(.commandFailed, "\(command.program) does not let this user do it (\(why))"),
            hint: known?.hint ?? nil)
    }

    private static let complaints: [(text: String, kind: Kind, hint: String?)] = [
        ("no such pool", .noPool, nil),
        ("dataset does not exist", .noDataset, nil),
        ("could not find any snapshots", .noDataset, nil),
        ("dataset already exists", .exists, nil),
        ("exists\nmust specify -F", .exists, nil),
        ("not currently mounted", .notMounted, nil),
        ("dependent clones", .hasClones, nil),
        ("has children", .hasChildren, nil),
        ("is busy", .busy, nil),
        ("resource busy", .busy, nil),
        ("umount failed", .busy, nil),
        ("unmount failed", .busy, nil),
        ("out of space", .noSpace, "make room in the pool, or use another with -P"),
        ("o space left", .noSpace, "make room in the pool, or use another with -P"),
        ("quota exceeded", .noSpace, nil),
        ("ermission denied", .notPermitted, "run as root, or have the ZFS permissions delegated (zfs allow)"),
        ("invalid property", .noProperty, nil),
        ("bad property list", .noProperty, nil),
        ("modules are not loaded", .other, "load the kernel module: modprobe zfs"),
        ("failed to initialize ZFS", .other, "is the ZFS service running? (zfs-fuse: service zfs-fuse start)"),
        ("zfs-fuse daemon", .other, "is the ZFS service running? (zfs-fuse: service zfs-fuse start)"),
    ]
}

extension ZFSError.Kind {
    fileprivate var code: Failure.Code {
        switch self {
        case .noPool: .poolNotFound
        case .noDataset: .datasetNotFound
        case .exists: .datasetExists
        case .notMounted: .notMounted
        case .hasClones: .imageHasDependentClones
        case .hasChildren: .imageHasChildDatasets
        case .busy: .datasetBusy
        case .noSpace: .noSpace
        case .notPermitted: .permissionDenied
        case .noProperty, .other: .zfs
        }
    }
}
