import Glibc
import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Three servers on one folder behind a proxy that is set up as docs/proxies.md says.
    @Suite struct ProxyTests {
        enum Kind: String, CaseIterable, Sendable { case nginx = "nginx", haproxy = "HAProxy" }

        private final class Stage: Sendable {
            let box: Sandbox
            let servers: [TestServer]
            let url: String
            private let proxy: pid_t

            init(_ kind: Kind) async throws {
                let box = try await Sandbox.make()
                try HostFile.makeFolder(box.path("server/images"))
                try await Tool.shell(
                    """
                    cd '\(box.root)'; umask 077; mkdir -p run keys
                    openssl rand -hex 32 > token
                    ssh-keygen -q -t ed25519 -N '' -f key && cp key.pub keys/deploy.keys
                    printf '{"build":{"scope":"own","tokens":["sha256:%s"]},"deploy":{"scope":"own"}}' \
                        "$(printf %s "$(cat token)" | sha256sum | cut -c1-64)" > users
                    """)
                let servers = try (0..<3).map { _ in
                    try TestServer(
                        box.path("server"),
                        arguments: ["--users", box.path("users").string, "--keys", box.path("keys").string])
                }
                let (port, config) = try await Stage.config(kind, box, servers)
                try box.write(config, to: "run/proxy.conf")
                let run =
                    switch kind {
                    case .nginx: "nginx -e '\(box.path("run/error.log"))' -c '\(box.path("run/proxy.conf"))'"
                    case .haproxy: "haproxy -db -f '\(box.path("run/proxy.conf"))'"
                    }
                let said = try await Tool.shell(
                    """
                    { \(run) > '\(box.path("run/out"))' 2>&1 & echo $!; } > '\(box.path("run/pid"))'
                    for i in $(seq 200); do
                        curl -sf -o /dev/null http://127.0.0.1:\(port)/ping && break; sleep 0.05
                    done
                    curl -sf -o /dev/null http://127.0.0.1:\(port)/ping || { cat '\(box.path("run/out"))' >&2; exit 1; }
                    cat '\(box.path("run/pid"))'
                    """)
                self.box = box
                self.servers = servers
                proxy = try #require(pid_t(said.split(separator: "\n").last ?? ""))
                url = "http://127.0.0.1:\(port)"
            }

            deinit { kill(proxy, SIGTERM) }

            /// What the page of the documentation says, with the ports of this test and without TLS.
            private static func config(
                _ kind: Kind, _ box: Sandbox, _ servers: [TestServer]
            ) async throws -> (port: Int, text: String) {
                let page = String(
                    decoding: try #require(try HostFile.read(FilePath("docs/proxies.md"))), as: UTF8.self)
                let section = page.split(separator: "\n## \(kind.rawValue)\n").last.map { part in
                    part.prefix { $0 != "#" }
                }
                let lines = try #require(section).split(separator: "\n").filter { $0.hasPrefix("    ") }
                    .map { String($0.dropFirst(4)) }
                let free = try await Tool.shell(
                    "python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'"
                )
                let port = try #require(Int(free.split(separator: "\n")[0]))
                var text = lines.filter { !$0.contains("ssl_certificate") }.joined(separator: "\n") + "\n"
                for (place, server) in servers.enumerated() {
                    text = text.replacing("127.0.0.1:808\(place + 1)", with: "127.0.0.1:\(server.port)")
                }
                switch kind {
                case .nginx:
                    let run = box.path("run")
                    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
                        "\($0)_temp_path '\(run)/\($0)';"
                    }
                    text = text.replacing("listen 443 ssl;", with: "listen 127.0.0.1:\(port);")
                    text = """
                        daemon off; user root; pid '\(run)/nginx.pid'; error_log '\(run)/error.log';
                        events {}
                        http { access_log off; \(folders.joined(separator: " "))
                        \(text)
                        }
                        """
                case .haproxy:
                    text = text.replacing("bind :443 ssl crt /etc/ssl/images.pem", with: "bind 127.0.0.1:\(port)")
                }
                return (port, text)
            }

            /// Kills the server that has a file of the folder open, once one has.
            func killBusy(_ name: String) async throws -> Bool {
                let pids = servers.map { "\($0.pid)" }.joined(separator: " ")
                let busy = try await Tool.shell(
                    """
                    for i in $(seq 2000); do
                        for pid in \(pids); do
                            if ls -l /proc/$pid/fd 2>/dev/null | grep -q '/images/\(name)'; then echo $pid; exit 0; fi
                        done
                        [ ! -e '\(box.path("done"))' ] || exit 0
                        sleep 0.005
                    done
                    """)
                guard let pid = pid_t(busy.split(separator: "\n").first ?? "") else { return false }
                servers.first { $0.pid == pid }?.kill()
                return true
            }
        }

        @Test(arguments: Kind.allCases) func aServerMayDieInTheMiddleOfAStep(kind: Kind) async throws {
            let stage = try await Stage(kind)
            let box = stage.box
            let uuid = TestUUID.make()
            try box.write(
                #"{"v":2,"uuid":"\#(uuid)","name":"big","version":"1","type":"other","os":"other","public":true}"#,
                to: "big.json")
            try await Tool.shell("head -c 96000000 /dev/urandom > '\(box.path("big"))'")
            // While the file is sent, the server that takes it dies; the others take it from its start.
            async let killed = stage.killBusy(".upload-")
            let published = try await box.shell(
                """
                imgadm publish -m '\(box.path("big.json"))' -f '\(box.path("big"))' --token-file '\(box.path("token"))' \(stage.url)
                status=$?; touch '\(box.path("done"))'; exit $status
                """, environment: ["IMGADM_PATIENCE": "20"])
            #expect(published.status == 0, "\(published)")
            #expect(try await killed, "no server was seen at work")
            #expect(published.errors.contains("sending the file again"), "\(published)")
            let there = try await Tool.shell("ls '\(box.path("server/images"))' | grep -c '^\(uuid)'")
            #expect(there == "2\n")

            // While it is fetched, the one that gives it dies, too; the download goes on with the last.
            try await Tool.shell("rm '\(box.path("done"))'; mkdir '\(box.path("copy"))'")
            async let second = stage.killBusy("\(uuid).file")
            let mirrored = try await box.shell(
                """
                '\(Binaries.server)' mirror --root '\(box.path("copy"))' --from \(stage.url)
                status=$?; touch '\(box.path("done"))'; exit $status
                """, environment: ["IMGADM_PATIENCE": "20"])
            #expect(mirrored.status == 0, "\(mirrored)")
            _ = try await second
            try await Tool.shell("cmp '\(box.path("big"))' '\(box.path("copy/images/\(uuid).file"))'")
        }

        /// Signatures cover path and host, and so does what the proxy hands on.
        @Test(arguments: Kind.allCases) func signedRequestsPassThrough(kind: Kind) async throws {
            let stage = try await Stage(kind)
            let box = stage.box
            let images = try await Fixture.get()
            try box.write(JSONValue.object(images.base.manifest).text(), to: "base.json")
            let key = ["--key", box.path("key").string, "--user", "deploy"]
            let published = try await box.imgadm(
                ["publish", "-m", box.path("base.json").string, "-f", images.base.file.string, stage.url] + key)
            #expect(published.status == 0, "\(published)")
            // With two servers gone, nobody notices.
            stage.servers[0].kill()
            stage.servers[1].kill()
            for verb in ["disable", "enable"] {
                let run = try await box.imgadm(["remote", verb, images.base.uuid, stage.url] + key)
                #expect(run.status == 0, "\(run)")
            }
            try box.use(stage.url)
            let imported = try await box.imgadm("import", images.base.uuid)
            #expect(imported.status == 0, "\(imported)")
            let deleted = try await box.imgadm(["remote", "delete", images.base.uuid, stage.url] + key)
            #expect(deleted.status == 0, "\(deleted)")
        }
    }
}
