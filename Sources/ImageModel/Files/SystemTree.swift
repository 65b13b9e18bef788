/// What the files of a system have at their top.
public enum SystemTree {
    private static let folders: Set<String> = ["bin", "etc", "sbin", "usr"]

    /// Whether files may be those of a system.
    ///
    /// - Parameter has: whether there is something of a name at their top.
    public static func isOne(_ has: (String) -> Bool) -> Bool { folders.contains(where: has) }

    /// Why files are none.
    public static let isNone = "holds no root file system: none of /bin, /etc, /sbin and /usr is in it"
    /// What to do then.
    public static let hint =
        "imgadm extract -t shows what is in it; the root of the archive must be the root of the system"
}
