import Glibc
import SystemPackage

/// What is mounted, as the kernel tells it (proc_pid_mountinfo(5)).
public struct MountTable: Sendable {
    /// One mount.
    public struct Mount: Sendable, Hashable {
        /// What is mounted: of ZFS, the dataset's name.
        public let source: String
        public let type: String
        public let path: String
        /// The device that its files are on, as `major:minor`.
        public let device: String
        /// Of the file system, as it was mounted first: of FUSE, `user_id=` and who that was.
        public let options: Set<String>
    }

    public let mounts: [Mount]

    /// The mounts that a process sees.
    ///
    /// - Parameter process: its number, or `self`.
    /// - Returns: nil if there is no such process any more, or it is none of our business.
    public init?(of process: String) {
        guard let bytes = (try? HostFile.read(FilePath("/proc/\(process)/mountinfo"))) ?? nil else { return nil }
        self.init(bytes)
    }

    /// - Parameter bytes: as the kernel tells them.
    public init(_ bytes: [UInt8]) {
        mounts = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let cells = String(decoding: line, as: UTF8.self).split(separator: " ")
            // Optional fields end with a hyphen.
            guard let hyphen = cells.firstIndex(of: "-"), hyphen >= 6, cells.count > hyphen + 2 else { return nil }
            return Mount(
                source: MountTable.plain(cells[hyphen + 2]), type: String(cells[hyphen + 1]),
                path: MountTable.plain(cells[4]), device: String(cells[2]),
                options: Set(cells.dropFirst(hyphen + 3).flatMap { $0.split(separator: ",") }.map(String.init)))
        }
    }

    /// Blanks, tabs, line breaks and backslashes are written as three octal digits.
    private static func plain(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
