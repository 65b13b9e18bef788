import SystemPackage

/// The boot of the host that is on.
public enum HostBoot {
    /// What tells it from all others (random(4), `boot_id`); nil where the kernel does not tell.
    public static var id: String? {
        let bytes = (try? HostFile.read("/proc/sys/kernel/random/boot_id", limit: 100)) ?? nil
        return bytes?.split(separator: UInt8(ascii: "\n")).first.map { String(decoding: $0, as: UTF8.self) }
    }
}
