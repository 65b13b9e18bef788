import Host
import SystemPackage
import ZFS

/// The block device of a volume. On Linux, udev makes it a moment after the volume.
enum VolumeDevice {
    static func wait(for name: DatasetName, atMost limit: Duration = .seconds(5)) async {
        // What cannot be looked at cannot be waited for: whoever opens the device is told why it cannot.
        func isThere(_ path: FilePath) -> Bool? { try? HostFile.exists(path) }
        guard isThere("/dev/zvol") == true else { return }
        let device = FilePath("/dev/zvol/\(name)")
        let start = ContinuousClock.now
        while isThere(device) == false, ContinuousClock.now - start < limit {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }
}
