import Glibc

/// How many files and connections this process may have open.
public enum OpenFileLimit {
    /// Raises the limit as far as that is wanted and allowed without privilege, and says what it is then.
    ///
    /// - Parameter wanted: programs that we run inherit the limit, and some close as many files one by one.
    public static func raise(to wanted: Int = 65_536) -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let before = limit.rlim_cur
        limit.rlim_cur = max(before, min(limit.rlim_max, rlim_t(clamping: wanted)))
        if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { limit.rlim_cur = before }
        return Int(clamping: limit.rlim_cur)
    }
}
