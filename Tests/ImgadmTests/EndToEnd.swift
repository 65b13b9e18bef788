import Testing

/// The commands against real pools and servers. One test at a time: userspace ZFS deadlocks when a mount and a rename
/// meet in it.
@Suite(.serialized, .timeLimit(.minutes(60))) enum EndToEnd {}
