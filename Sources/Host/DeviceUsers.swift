import CHost
import Glibc
import SystemPackage

/// Who uses the files of a device, or the device itself, by what `/proc` and `/sys` tell. Of processes of other users it
/// takes root to see that: what cannot be seen is not named, and is ZFS's to refuse.
public struct DeviceUsers: Sendable {
    /// Of a block device, its partitions' as well.
    private let numbers: Set<UInt64>
    /// The device is used as a whole (a volume), not a file system's files.
    private let isBlockDevice: Bool
    /// Where its files are, or how the device is called: for those who use it by name.
    private let paths: [String]
    /// What the kernel tells of a block device and its partitions.
    private let folders: [String]

    /// Those who use the files of file systems.
    ///
    /// - Parameters:
    ///   - devices: of the files, each as `major:minor`.
    ///   - mountpoints: where they are.
    public init(filesOf devices: Set<String>, at mountpoints: [String]) {
        numbers = Set(devices.compactMap(DeviceUsers.number))
        isBlockDevice = false
        paths = mountpoints
        folders = []
    }

    /// Those who use a block device; nil if there is none of this name.
    public init?(ofDevice path: String) {
        var (on, number) = (UInt64(0), UInt64(0))
        guard unsafe chost_devices(path, &on, &number) == 0, number != 0 else { return nil }
        let base = "/sys/dev/block/\(DeviceUsers.text(number))"
        folders =
            [base]
            + ProcFolder.names(base).map { "\(base)/\($0)" }.filter { ProcFolder.has("\($0)/partition") }
        numbers = Set(
            [number] + folders.compactMap { DeviceUsers.lines("\($0)/dev").first.flatMap(DeviceUsers.number) })
        isBlockDevice = true
        paths = [path] + [ProcFolder.link(path)].compactMap { $0?.split(separator: "/").last.map { "/dev/\($0)" } }
    }

    /// A device's number, of `major:minor`.
    private static func number(_ text: String) -> UInt64? {
        let parts = text.split(separator: ":").compactMap { UInt32($0) }
        return parts.count == 2 ? chost_device(parts[0], parts[1]) : nil
    }

    private static func text(_ number: UInt64) -> String {
        "\(chost_device_major(number)):\(chost_device_minor(number))"
    }

    /// The file systems on a block device that are mounted, in whichever namespace.
    public func mounts() -> [String] {
        let devices = Set(numbers.map(DeviceUsers.text))
        let here = MountTable(of: "self")?.mounts.filter { devices.contains($0.device) } ?? []
        return here.map { "it is mounted on \($0.path)" } + ForeignMounts.named { devices.contains($0.device) }
    }

    /// How long is looked for them, and what is said where they were not found out by then: that it is in use cannot be ruled out.
    public static let longestLook = Duration.seconds(10)
    public static let unknown =
        "who has it open could not be found out within 10 s, as some process keeps those waiting who look at it"

    /// All of them, each in words, at most so many. It reads much of `/proc`, and may be kept waiting by what it looks at: `looking`
    /// waits no longer than that is worth.
    ///
    /// What processes have mapped takes most of the time. It is looked at only where nobody has anything open.
    ///
    /// - Parameter isLeftOut: whether a process that uses it does not count.
    public func named(atMost limit: Int = 8, except isLeftOut: (Int32) -> Bool = { _ in false }) -> [String] {
        guard !numbers.isEmpty else { return [] }
        var found = kernelUsers()
        for use in isBlockDevice ? [opened] : [opened, mapped] where found.isEmpty {
            for process in ProcFolder.names("/proc") where found.count < limit {
                guard let pid = pid_t(process), pid != getpid(), use(process) != nil, !isLeftOut(pid),
                    // Of one that was ending nothing can be told, so that it was not left out: now it has nothing open any more.
                    let does = use(process)
                else { continue }
                found.append("process \(pid) (\(DeviceUsers.name(of: process))): \(does)")
            }
        }
        return Array(found.prefix(limit))
    }

    /// What a process has of it open; nil for nothing.
    private func opened(by process: String) -> String? {
        let base = "/proc/\(process)"
        if uses("\(base)/cwd") { return "its current folder" }
        if uses("\(base)/root") { return "its root" }
        if uses("\(base)/exe") { return "its program" }
        let file = ProcFolder.names("\(base)/fd").first { uses("\(base)/fd/\($0)") }
        return file.map { "open file \(ProcFolder.link("\(base)/fd/\($0)") ?? $0)" }
    }

    /// What a process has of its files in its memory; nil for nothing.
    private func mapped(by process: String) -> String? {
        let bytes = (try? HostFile.read(FilePath("/proc/\(process)/maps"), limit: 512 << 20)) ?? nil
        return bytes.flatMap { MappedFiles.first(in: $0, on: numbers) }.map { "mapped file \($0)" }
    }

    private func uses(_ path: String) -> Bool {
        var (on, number) = (UInt64(0), UInt64(0))
        guard unsafe chost_devices(path, &on, &number) == 0 else { return false }
        return numbers.contains(isBlockDevice ? number : on)
    }

    /// Other devices that are made of it, swap, loop devices.
    private func kernelUsers() -> [String] {
        var found: [String] = []
        for folder in folders {
            found += ProcFolder.names("\(folder)/holders").map { "device /dev/\($0) is made of it" }
        }
        let isOurs = { (path: String) in
            paths.contains { path == $0 || (!isBlockDevice && path.hasPrefix("\($0)/")) || uses(path) }
        }
        for line in DeviceUsers.lines("/proc/swaps").dropFirst() {
            guard let path = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.map(String.init) else {
                continue
            }
            if isOurs(path) { found.append("swap on \(path)") }
        }
        for name in ProcFolder.names("/sys/block") where name.hasPrefix("loop") {
            guard let path = DeviceUsers.lines("/sys/block/\(name)/loop/backing_file").first else { continue }
            if isOurs(path) { found.append("loop device /dev/\(name) on \(path)") }
        }
        return found
    }

    /// Lines of a file of the kernel; none if there is no such file, as where the kernel has no such thing.
    private static func lines(_ path: String) -> [String] {
        let bytes = (try? HostFile.read(FilePath(path))) ?? nil
        return (bytes ?? []).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    static func name(of process: String) -> String { lines("/proc/\(process)/comm").first ?? "?" }
}

/// What the kernel tells of processes and devices. They come and go, and those of other users are not for everybody: what
/// cannot be read is as what is not there.
enum ProcFolder {
    static func names(_ path: String) -> [String] { (try? HostFile.names(in: FilePath(path))) ?? [] }
    static func has(_ path: String) -> Bool { (try? HostFile.exists(FilePath(path))) ?? false }

    /// Where a link leads.
    static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 4097)
        let length = unsafe readlink(path, &target, 4096)
        guard length > 0 else { return nil }
        return String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
