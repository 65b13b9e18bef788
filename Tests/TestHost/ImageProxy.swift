import Host
public import SystemPackage

/// A proxy before image servers, set up as docs/proxies.md says, without TLS.
public final class ImageProxy: Sendable {
    /// Each by the heading of its section.
    public enum Kind: String, CaseIterable, Sendable {
        case nginx = "nginx"
        case haproxy = "HAProxy"
        case caddy = "Caddy"

        /// Those that this machine has: not every distribution has Caddy.
        public static var installed: [Kind] {
            allCases.filter { $0 != .caddy || ExecutableSearch.find("caddy") != nil }
        }
    }

    public let url: String
    public let port: Int
    private let process: ServerProcess

    /// Starts it, and waits until a server answers through it.
    ///
    /// - Parameters:
    ///   - folder: for what it writes; made if need be.
    ///   - ports: those of three servers on loopback.
    public init(_ kind: Kind, in folder: FilePath, ports: [Int]) async throws {
        try HostFile.makeFolder(folder)
        let free = try await Tool.shell(
            "python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'")
        let port = free.prefix { $0.isNumber }
        let config = folder.appending("proxy.conf")
        let text = try ImageProxy.config(kind, folder, port: "\(port)", ports)
        try Tool.write(text, to: config)
        let words =
            switch kind {
            case .nginx: ["nginx", "-e", "\(folder)/error.log", "-c", config.string]
            case .haproxy: ["haproxy", "-db", "-f", config.string]
            case .caddy: ["caddy", "run", "--adapter", "caddyfile", "--config", config.string]
            }
        process = try ServerProcess(words, log: folder.appending("out"))
        url = "http://127.0.0.1:\(port)"
        self.port = Int(port) ?? 0
        try await Tool.shell(
            """
            for i in $(seq 6000); do
                curl -sf -o /dev/null \(url)/ping && exit 0
                sleep 0.05
            done
            cat '\(folder)/out' >&2; exit 1
            """)
    }

    /// What the page of the documentation says, with the ports of a test.
    private static func config(
        _ kind: Kind, _ folder: FilePath, port: String, _ servers: [Int]
    ) throws -> String {
        let page = String(decoding: try HostFile.read("docs/proxies.md") ?? [], as: UTF8.self)
        guard let section = page.split(separator: "\n## \(kind.rawValue)\n").last?.prefix(while: { $0 != "#" }) else {
            throw Errno.noSuchFileOrDirectory
        }
        let lines = section.split(separator: "\n").filter { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }
        var text = lines.filter { !$0.contains("ssl_certificate") }.joined(separator: "\n") + "\n"
        for (place, server) in servers.enumerated() {
            text = text.replacing("127.0.0.1:808\(place + 1)", with: "127.0.0.1:\(server)")
        }
        switch kind {
        case .nginx:
            let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
                "\($0)_temp_path '\(folder)/\($0)';"
            }
            text = text.replacing("listen 443 ssl;", with: "listen 127.0.0.1:\(port);")
            return """
                daemon off; user root; pid '\(folder)/nginx.pid'; error_log '\(folder)/error.log';
                events {}
                http { access_log off; \(folders.joined(separator: " "))
                \(text)
                }
                """
        case .haproxy:
            return text.replacing("bind :443 ssl crt /etc/ssl/images.pem", with: "bind 127.0.0.1:\(port)")
        case .caddy:
            text = text.replacing("images.example.com {", with: "http://:\(port) {\n    bind 127.0.0.1")
            return """
                {
                    admin off
                    storage file_system \(folder)/caddy
                }
                \(text)
                """
        }
    }
}
