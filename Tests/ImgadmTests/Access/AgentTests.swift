import Glibc
import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// A real ssh-agent signs, and what is none does no harm.
    @Suite struct AgentTests {
        /// A server that knows the keys, and an agent that has them.
        private struct Stage {
            let box: Sandbox
            let server: TestServer
            let keys: FilePath
            let agent: Int32

            static func make() async throws -> Stage {
                let box = try await Sandbox.make()
                let keys = box.path("keys")
                let pid = try await Tool.shell(
                    """
                    mkdir -p '\(keys)/server' '\(box.path("server/images"))'; cd '\(keys)'
                    ssh-keygen -q -t ed25519 -N '' -f ed25519; ssh-keygen -q -t rsa -b 2048 -N '' -f rsa
                    for size in 256 384 521; do ssh-keygen -q -t ecdsa -b $size -N '' -f p$size; done
                    ssh-keygen -q -t ed25519 -N secret -f locked; ssh-keygen -q -t ed25519 -N '' -f absent
                    cat *.pub > server/deploy.keys
                    eval "$(ssh-agent -a agent)" >/dev/null
                    ssh-add -q ed25519 rsa p256 p384 p521
                    printf '#!/bin/sh\\necho secret\\n' > ask; chmod +x ask
                    SSH_ASKPASS=./ask SSH_ASKPASS_REQUIRE=force ssh-add -q locked 2>/dev/null
                    echo "$SSH_AGENT_PID"
                    """)
                return Stage(
                    box: box,
                    server: try TestServer(box.path("server"), arguments: ["--keys", keys.appending("server").string]),
                    keys: keys, agent: try #require(Int32(pid.split(separator: "\n").last ?? "")))
            }

            func ask(_ key: String, agent: String? = nil) async throws -> Sandbox.Run {
                try await box.imgadm(
                    "remote", "disable", "--key", keys.appending(key).string, "--user", "deploy", TestUUID.make(),
                    server.url, environment: ["SSH_AUTH_SOCK": agent ?? keys.appending("agent").string])
            }
        }

        @Test func keysOfEveryKindAreSignedBy() async throws {
            let stage = try await Stage.make()
            defer { kill(stage.agent, SIGTERM) }
            // That the image is not there is said to whom the server knows; the others it refuses.
            for key in ["ed25519.pub", "rsa.pub", "p256.pub", "p384.pub", "p521.pub", "locked.pub", "locked"] {
                let run = try await stage.ask(key)
                #expect(run.status == 1 && run.errors.contains("error (ImageNotFound)"), "\(key): \(run)")
            }
            let absent = try await stage.ask("absent.pub")
            #expect(absent.errors.contains("error (AgentError)") && absent.errors.contains("ssh-add"), "\(absent)")
            let none = try await stage.ask("locked", agent: "")
            #expect(none.status == 2 && none.errors.contains("has a passphrase"), "\(none)")
            let nobody = try await stage.ask("locked", agent: stage.keys.appending("nothing").string)
            #expect(nobody.status == 1 && nobody.errors.contains("error (AgentError)"), "\(nobody)")
        }

        static let answers: [(what: String, python: String)] = [
            ("nothing", ""),
            (
                "nothing for long",
                "import time\nwhile b'waiting' not in open(errors, 'rb').read(): time.sleep(0.05)\nc.close()"
            ), ("an end", "c.close()"),
            ("4 GiB", #"c.sendall(b"\xff\xff\xff\xff" + b"x" * 100)"#),
            ("nothing at all", #"c.sendall(b"\0\0\0\0")"#), ("half a length", #"c.sendall(b"\0\0"); c.close()"#),
            ("half an answer", #"c.sendall(b"\0\0\0\x10\x0e\0\0\0"); c.close()"#),
            ("a signature of nothing", #"c.sendall(b"\0\0\0\x05\x0e\0\0\0\0")"#),
            ("a length in it that is too long", #"c.sendall(b"\0\0\0\x05\x0e\xff\xff\xff\xff")"#),
            (
                "a wrong signature",
                #"s = b"\0\0\0\x0bssh-ed25519\0\0\0\x40" + b"x" * 64; m = b"\x0e" + len(s).to_bytes(4, "big") + s; c.sendall(len(m).to_bytes(4, "big") + m)"#
            ),
        ]

        @Test(arguments: answers) func whatIsNoAgentDoesNoHarm(what: String, python: String) async throws {
            let stage = try await Stage.make()
            defer { kill(stage.agent, SIGTERM) }
            let socket = stage.box.path("liar").string
            try stage.box.write(
                """
                import os, socket
                errors = "\(stage.box.path("errors"))"
                s = socket.socket(socket.AF_UNIX)
                s.bind("\(socket)")
                s.listen()
                print("ready", flush=True)
                c, _ = s.accept()
                c.recv(65536)
                \(python.isEmpty ? "c.close()" : python)
                try:
                    c.recv(1)
                except OSError:
                    pass
                """, to: "liar.py")
            let run = try await stage.box.shell(
                """
                python3 '\(stage.box.path("liar.py"))' > '\(stage.box.path("said"))' & while ! grep -q ready '\(stage.box.path("said"))'; do sleep 0.05; done
                SSH_AUTH_SOCK='\(socket)' imgadm remote disable --key '\(stage.keys)/ed25519.pub' --user deploy \(TestUUID.make()) \(stage.server.url) 2> '\(stage.box.path("errors"))'
                status=$?; cat '\(stage.box.path("errors"))' >&2; exit $status
                """)
            #expect(run.status == 1 && run.errors.contains("error (AgentError)"), "\(what): \(run)")
            if what == "nothing for long" {
                #expect(run.errors.contains("imgadm remote: waiting for ssh-agent\n"), "\(run)")
            }
        }
    }
}
