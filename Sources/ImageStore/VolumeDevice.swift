import Host
import SystemPackage
import Time
import ZFS

/// The block device of a volume. On Linux, udev makes it a moment after the volume.
enum VolumeDevice {
    private static let appearing = Backoff(
        patience: .seconds(5), firstPause: .milliseconds(20), longestPause: .milliseconds(200))

    /// Waits for it, as long as that may take.
    static func wait(for name: DatasetName) async {
        // What cannot be looked at cannot be waited for: whoever opens the device is told why it cannot.
        guard (try? HostFile.exists("/dev/zvol")) == true else { return }
        _ = try? await appearing.until(by: .real) { try HostFile.exists(FilePath("/dev/zvol/\(name)")) }
    }
}
