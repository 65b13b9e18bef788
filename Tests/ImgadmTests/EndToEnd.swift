import Testing

/// The commands against real pools and servers. One test at a time: userspace ZFS deadlocks when a mount and a rename
/// meet in it. None takes a third of the time that it has, also beside all others.
@Suite(.serialized, .timeLimit(.minutes(10))) enum EndToEnd {}
