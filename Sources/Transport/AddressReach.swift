import Dispatch
import Glibc

/// Whether servers are inside, on this machine or in the networks around it, or outside, where anybody may have put them.
/// A server outside may not send us to an address inside, which it could not reach itself (a metadata service, a router,
/// a database that listens on loopback).
enum AddressReach {
    /// - Parameter naming: the URL of the server that named the target.
    /// - Parameter reached: where requests have gone.
    /// - Parameter byProxy: requests go by way of a proxy, so that names mean what they mean to that.
    /// - Returns: what is named is named from outside, so that it must be outside.
    /// - Throws: `ConnectionError` if it is an address inside.
    static func check(
        _ target: ServerURL, namedBy naming: ServerURL, reached: ReachedHosts, byProxy: (ServerURL) -> Bool
    ) async throws -> Bool {
        guard naming.host != target.host else { return false }
        guard await !isInside(naming, reached, byProxy: byProxy(naming)) else { return false }
        guard !isInsideByName(target) else {
            throw ConnectionError(
                .refused(
                    "\(naming.origin), which is outside, names an address of this machine or the networks around it"),
                "request to \(target.base) failed")
        }
        return true
    }

    private static func isInsideByName(_ url: ServerURL) -> Bool {
        IPAddress(url.host)?.isInside ?? (url.host == "localhost" || url.host.hasSuffix(".localhost"))
    }

    private static func isInside(_ url: ServerURL, _ reached: ReachedHosts, byProxy: Bool) async -> Bool {
        if isInsideByName(url) { return true }
        guard IPAddress(url.host) == nil, !byProxy else { return false }
        if let isInside = reached.isInside(url.host) { return isInside }
        let host = url.host
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                // A name that cannot be resolved now is one of outside: that forbids more. So is one with an address outside: whoever
                // has that may give it another one inside, too.
                let addresses = addresses(of: host)
                continuation.resume(returning: !addresses.isEmpty && addresses.allSatisfy(\.isInside))
            }
        }
    }

    /// Blocks.
    private static func addresses(of host: String) -> [IPAddress] {
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, nil, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: 64)
            let length = socklen_t(text.count)
            let code = unsafe text.withUnsafeMutableBufferPointer {
                unsafe getnameinfo(
                    entry.pointee.ai_addr, entry.pointee.ai_addrlen, $0.baseAddress, length, nil, 0, NI_NUMERICHOST)
            }
            let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            if code == 0, let address = IPAddress(String(decoding: bytes, as: UTF8.self)) { found.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        return found
    }
}
