import ArgumentParser
import Transport

/// `ADDR:PORT`, where an IPv6 address stands in brackets.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = Int(argument[argument.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Only this machine gets there.
    var isLoopback: Bool { IPAddress.isLoopback(host) }

    /// As URLs have it.
    var urlHost: String { host.contains(":") ? "[\(host)]" : host }
    var description: String { "\(urlHost):\(port)" }
    var defaultValueDescription: String { description }
}
