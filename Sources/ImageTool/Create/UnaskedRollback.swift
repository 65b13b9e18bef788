import Time

/// Whether a VM that a run of `create` has left half prepared may be rolled back without its owner's word: what it has written since
/// would be lost. There is one rule for all commands, also for the same one again.
struct UnaskedRollback {
    private let intent: CreateIntent
    private let now: Timestamp
    private let boot: String?

    /// How long a VM counts as nobody's but the script's, after the run has last written down what it does.
    static let longest = Duration.seconds(3600)

    /// - Parameters:
    ///   - intent: what the run was doing to the VM.
    ///   - boot: the one that the host is in.
    init(_ intent: CreateIntent, now: Timestamp, boot: String?) {
        self.intent = intent
        self.now = now
        self.boot = boot
    }

    /// What is in the way, in words; nil if nothing is.
    ///
    /// - Parameter users: those who use the VM, beside the script.
    func obstacle(users: [String]) -> String? {
        guard let boot, intent.boot == boot else { return "it may have been used since the host was booted" }
        guard let time = intent.time, Self.isRecent(time, now) else {
            return "that is more than an hour ago, and it may have been used since"
        }
        guard users.isEmpty else { return "it is in use: \(users.joined(separator: "; "))" }
        return intent.isTold ? "that was told before, and it may have been used since" : nil
    }

    /// False where the clock was set back since.
    private static func isRecent(_ time: Timestamp, _ now: Timestamp) -> Bool {
        let age = Duration.milliseconds(now.milliseconds) - .milliseconds(time.milliseconds)
        return age >= .zero && age <= longest
    }
}
