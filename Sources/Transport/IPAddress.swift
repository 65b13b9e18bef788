import Glibc
import NIOCore

/// An address of the internet protocol.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four, or sixteen. An IPv4 address in IPv6's clothes (RFC 4291 §2.5.5.2) has four.
    let bytes: [UInt8]

    /// Reads `192.0.2.1`, or `2001:db8::1` with or without brackets and zone. Nil for what is a name.
    public init?(_ text: some StringProtocol) {
        var rest = text[...]
        if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
        if let zone = rest.firstIndex(of: "%") {
            guard rest.contains(":") else { return nil }
            rest = rest[..<zone]
        }
        var bytes = [UInt8](repeating: 0, count: rest.contains(":") ? 16 : 4)
        let family = bytes.count == 16 ? AF_INET6 : AF_INET
        let isRead = unsafe bytes.withUnsafeMutableBytes { unsafe inet_pton(family, String(rest), $0.baseAddress) }
        guard isRead == 1 else { return nil }
        self.init(bytes: bytes)
    }

    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        self.init(text)
    }

    private init(bytes: [UInt8]) {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        self.bytes = bytes.starts(with: mapped) ? Array(bytes.dropFirst(12)) : bytes
    }

    /// As URLs have it: that of IPv6 in brackets.
    public var description: String { bytes.count == 4 ? plainText : "[\(plainText)]" }

    /// As people write it (RFC 5952).
    public var plainText: String {
        var text = [UInt8](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 16 ? AF_INET6 : AF_INET
        unsafe text.withUnsafeMutableBytes { room in
            // There is room for any.
            _ = unsafe inet_ntop(
                family, bytes, room.baseAddress?.assumingMemoryBound(to: CChar.self), socklen_t(room.count))
        }
        return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// It is of this machine or of the networks around it, and not one that everybody can reach (IANA, "Special-Purpose
    /// Address Registry").
    var isInside: Bool { Network.inside.contains { $0.contains(self) } }

    /// The bytes that tell it from addresses of others: of IPv6, the network, in which one has as many as he likes.
    public var networkOfClient: [UInt8] { bytes.count == 4 ? bytes : Array(bytes.prefix(8)) }

    /// A host, by its name or address, is this machine.
    public static func isLoopback(_ host: String) -> Bool {
        // 127.example.com is a name like any other.
        host == "localhost" || IPAddress(host)?.isLoopback ?? false
    }

    private var isLoopback: Bool { Network.loopback.contains { $0.contains(self) } }

    /// `ADDRESS/BITS`.
    public struct Network: Sendable {
        let base: IPAddress
        let bits: Int

        /// The network of one address.
        public init(_ address: IPAddress) {
            base = address
            bits = address.bytes.count * 8
        }

        /// Nil for what is not of that form. The bits are digits alone, and a leading zero may be a slip.
        public init?(_ text: some StringProtocol) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let base = IPAddress(parts[0]), let bits = Int(parts[1]), "\(bits)" == parts[1],
                (0...base.bytes.count * 8).contains(bits)
            else { return nil }
            self.base = base
            self.bits = bits
        }

        /// Whether the address is of this network.
        public func contains(_ address: IPAddress) -> Bool {
            guard address.bytes.count == base.bytes.count else { return false }
            return (0..<base.bytes.count).allSatisfy { place in
                let known = min(max(bits - place * 8, 0), 8)
                let mask = UInt8(truncatingIfNeeded: 0xff00 >> known)
                return address.bytes[place] & mask == base.bytes[place] & mask
            }
        }

        static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { Network($0) }
        static let inside =
            loopback
            + [
                "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
                "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/128", "64:ff9b:1::/48", "fc00::/7",
                "fe80::/10", "ff00::/8",
            ].compactMap { Network($0) }
    }
}
