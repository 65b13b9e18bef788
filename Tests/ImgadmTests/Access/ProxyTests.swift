import Glibc
import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Three servers on one folder behind a proxy that is set up as docs/proxies.md says.
    @Suite struct ProxyTests {
        typealias Kind = ImageProxy.Kind

        private final class Stage: Sendable {
            let box: Sandbox
            let servers: [TestServer]
            let url: String
            private let proxy: ImageProxy

            init(_ kind: Kind) async throws {
                // A server that is gone gets requests until the proxy looks for it again.
                let box = try await Sandbox.make(
                    environment: ["IMGADM_PATIENCE": "600"])
                try HostFile.makeFolder(box.path("server/images"))
                try await Tool.shell(
                    """
                    cd '\(box.root)'; umask 077; mkdir -p keys
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
                self.box = box
                self.servers = servers
                proxy = try await ImageProxy(kind, in: box.path("run"), ports: servers.map(\.port))
                url = proxy.url
            }

            /// Kills the server that has a file of the folder open, once one has.
            func killBusy(_ name: String) async throws -> Bool {
                let pids = servers.map { "\($0.pid)" }.joined(separator: " ")
                let busy = try await Tool.shell(
                    """
                    while :; do
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

        @Test(arguments: Kind.installed) func aServerMayDieInTheMiddleOfAStep(kind: Kind) async throws {
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
                """)
            #expect(published.status == 0, "\(published)")
            #expect(try await killed, "no server was seen at work")
            #expect(published.errors.contains("sending the file again"), "\(published)")
            let there = try await Tool.shell("ls '\(box.path("server/images"))' | grep -c '^\(uuid)'")
            #expect(there == "2\n")

            // While it is fetched, the one that gives it dies, too; the download goes on with the last. It is over in a moment, in which
            // nobody may have looked: then it is fetched again.
            var isSeen = false
            for _ in 0..<20 where !isSeen {
                try await Tool.shell("cd '\(box.root)'; rm -rf done copy; mkdir copy")
                async let second = stage.killBusy("\(uuid).file")
                let mirrored = try await box.shell(
                    """
                    '\(Binaries.server)' mirror --root '\(box.path("copy"))' --from \(stage.url)
                    status=$?; touch '\(box.path("done"))'; exit $status
                    """)
                #expect(mirrored.status == 0, "\(mirrored)")
                isSeen = try await second
            }
            #expect(isSeen, "no server was seen giving the file")
            try await Tool.shell("cmp '\(box.path("big"))' '\(box.path("copy/images/\(uuid).file"))'")
        }

        /// Signatures cover path and host, and so does what the proxy hands on.
        @Test(arguments: Kind.installed) func signedRequestsPassThrough(kind: Kind) async throws {
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
