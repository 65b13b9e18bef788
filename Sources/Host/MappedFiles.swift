import CHost

/// What a process has in its memory, as the kernel tells it (proc_pid_maps(5): range, rights, offset, device in hex, inode, path).
enum MappedFiles {
    /// The first file that is on one of these devices. There are thousands of lines, so that they are compared as they are.
    static func first(in bytes: [UInt8], on devices: Set<UInt64>) -> String? {
        let wanted = Set(devices.map { ArraySlice(text($0).utf8) })
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let line = rest[..<end]
            rest = rest[end...].dropFirst()
            if let device = cell(3, of: line), wanted.contains(device) {
                let cells = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
                // Paths stand below each other.
                let path = cells.count == 6 ? cells[5].drop { $0 == UInt8(ascii: " ") } : []
                return String(decoding: path, as: UTF8.self)
            }
        }
        return nil
    }

    /// A cell that others follow.
    private static func cell(_ number: Int, of line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = line
        for _ in 0..<number {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
            rest = rest[space...].dropFirst()
        }
        return rest.firstIndex(of: UInt8(ascii: " ")).map { rest[..<$0] }
    }

    private static func text(_ device: UInt64) -> String {
        [chost_device_major(device), chost_device_minor(device)].map { number in
            let digits = String(number, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
