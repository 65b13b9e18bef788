import NIOCore
import Synchronization

/// From where the servers answer that requests have gone to: it is that, and not what a name may lead to besides, which tells a server
/// inside from one outside (``AddressReach``).
final class ReachedHosts: Sendable {
    /// Whether all connections to a host led inside.
    private let hosts = Mutex<[String: Bool]>([:])
    /// Servers name each other; of more of them nothing is kept.
    private static let most = 4096

    /// A request goes to a host by a connection of its own, and not by way of a proxy.
    func note(_ host: String, isInside: Bool) {
        hosts.withLock { hosts in
            guard hosts[host] != nil || hosts.count < Self.most else { return }
            hosts[host] = isInside && hosts[host] ?? true
        }
    }

    /// Nil where no request has gone.
    func isInside(_ host: String) -> Bool? { hosts.withLock { $0[host] } }
}
