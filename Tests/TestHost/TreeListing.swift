public import SystemPackage

/// Everything there is to see of a folder's files.
public enum TreeListing {
    /// A line an entry, with type, mode, owners, time, size, links and devices; and a line with the digest of each file.
    /// How many links a folder has and how large it is differ from file system to file system.
    public static func of(_ folder: FilePath) async throws -> [String] {
        try await Tool.shell(
            """
            cd '\(folder)'
            find . -printf '%y %m %U %G %T@ %p -> %l' -a \\( -type d -o -printf ' %n %s' \\) -printf '\\n' | sort
            find . -type f -print0 | sort -z | xargs -0 -r sha256sum
            find . \\( -type b -o -type c \\) -exec stat -c '%n %t %T' {} + | sort
            find . -type f -links +1 -printf '%i %p\\n' | sort | awk '{
                if ($1 in first) print $2, "is", first[$1]; else first[$1] = $2 }'
            """
        ).split(separator: "\n").map(String.init)
    }
}

extension Sandbox {
    /// The files of an installed image of type docker.
    public func rootFolder(_ uuid: some StringProtocol) async throws -> FilePath {
        let mountpoint = try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", "\(pool)/\(uuid)")
        return FilePath(String(mountpoint.dropLast())).appending("root")
    }
}
