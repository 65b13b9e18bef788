import Failure

/// Whether a volume has a block device (zfsprops(7), `volmode`). OpenZFS has the property, others have not.
extension ZFS {
    /// A user property of a volume whose device a deletion has taken away: the value that `volmode` had of its own, or
    /// `inherited`. It lies on the volume itself, so that who comes after a run that was killed puts back what was there, and
    /// leaves a `volmode=none` alone that an operator has set.
    public static let takenVolumeMode = "imgadm:volmode"

    private static let inherited = "inherited"
    private static let modes = ["default", "full", "geom", "dev", "none", inherited]

    /// Nil where this ZFS has no such property.
    func volumeMode(_ name: DatasetName) async throws -> Property? {
        do {
            return try await properties(["volmode"], of: name).first
        } catch let error as ZFSError where error.kind == .noProperty { return nil }
    }

    /// Takes a volume's device away, as soon as nobody has it open.
    func takeDevice(of name: DatasetName, _ mode: Property) async throws {
        let own = ["local", "received"].contains(mode.source) && ZFS.modes.contains(mode.value)
        // First, and by itself: of two properties in one call, `volmode` is the first that is written.
        try await set(ZFS.takenVolumeMode, to: own ? mode.value : ZFS.inherited, of: name)
        do {
            try await set("volmode", to: "none", of: name)
        } catch {
            throw await Failure.undoing(error) { try await inherit(ZFS.takenVolumeMode, of: name) }
        }
    }

    /// A deletion that was killed has taken this volume's device away, or was about to.
    public func deviceWasTaken(from name: DatasetName) async throws -> Bool {
        try await takenMode(of: name) != nil
    }

    /// Gives a volume the device that a deletion has taken away; another volume is left as it is.
    func giveDevice(to name: DatasetName) async throws {
        guard let mode = try await takenMode(of: name) else { return }
        // Somebody may have chosen another mode since.
        if try await volumeMode(name)?.value == "none" {
            if mode == ZFS.inherited {
                try await inherit("volmode", of: name)
            } else {
                try await set("volmode", to: mode, of: name)
            }
        }
        try await inherit(ZFS.takenVolumeMode, of: name)
    }

    /// What `takeDevice` has remembered; nil if nothing. What does not come from there is as good as inherited.
    private func takenMode(of name: DatasetName) async throws -> String? {
        let found = try await properties([ZFS.takenVolumeMode], of: name).first
        guard let found, found.source == "local" else { return nil }
        return ZFS.modes.contains(found.value) ? found.value : ZFS.inherited
    }
}
