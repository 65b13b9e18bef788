import Host
import SystemPackage
import ZFS

/// The block device of a volume. On Linux, udev makes it a moment after the volume.
enum VolumeDevice {
    static func wait(for name: DatasetName, atMost limit: Duration = .seconds(5)) async {
        guard HostFile.exists("/dev/zvol") else { return }
        let device = FilePath("/dev/zvol/\(name)")
        let start = ContinuousClock.now
        while !HostFile.exists(device), ContinuousClock.now - start < limit {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }
}
