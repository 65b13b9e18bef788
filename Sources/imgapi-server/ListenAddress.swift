import ArgumentParser
import Transport

/// `ADDR:PORT`, where an IPv6 address stands in brackets; or `PORT` alone, of 127.0.0.1.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        let colon = argument.lastIndex(of: ":")
        guard let port = Int(colon.map { argument[argument.index(after: $0)...] } ?? argument[...]),
            (0...65535).contains(port)
        else { return nil }
        var host = colon.map { argument[..<$0] } ?? "127.0.0.1"
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
