import Glibc
import Host
import TestHost
import Testing

extension EndToEnd {
    /// A web server that gives each connection little.
    @Suite struct SlowServerTests {
        /// What the server is told, and whether ranges were asked for, side by side.
        @Test(arguments: [("", true), ("max_ranges 0;", false)])
        func aFileComesOverSeveralConnections(server: String, isByRanges: Bool) async throws {
            let box = try await Sandbox.make()
            let free = try await Tool.shell(
                "python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'"
            )
            let port = try #require(Int(free.split(separator: "\n")[0]))
            let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
                "\($0)_temp_path '\(box.root)/\($0)';"
            }
            try box.write(
                """
                daemon off; user root; pid '\(box.root)/nginx.pid'; error_log '\(box.root)/error.log';
                events {}
                http {
                    \(folders.joined(separator: " "))
                    log_format short '$status $http_range';
                    access_log '\(box.root)/access.log' short;
                    server { listen 127.0.0.1:\(port); root '\(box.root)/web'; limit_rate 2m; \(server) }
                }
                """, to: "nginx.conf")
            let said = try await Tool.shell(
                """
                cd '\(box.root)'; mkdir -p web; chmod 755 . web
                head -c 26000000 /dev/urandom > web/disk.raw; truncate -s 25M web/disk.raw
                { nginx -e error.log -c "$PWD/nginx.conf" > out 2>&1 & echo $!; }
                for i in $(seq 6000); do curl -s -o /dev/null http://127.0.0.1:\(port)/ && exit 0; sleep 0.05; done
                cat out >&2; exit 1
                """)
            let nginx = try #require(pid_t(said.split(separator: "\n")[0]))
            defer { kill(nginx, SIGTERM) }
            let run = try await box.shell(
                """
                sum=$(sha256sum < '\(box.root)/web/disk.raw' | cut -c1-64)
                imgadm import http://127.0.0.1:\(port)/disk.raw name=disk version=1 --checksum sha256:$sum
                """)
            #expect(run.status == 0, "\(run)")
            let log = try await Tool.shell("cat '\(box.root)/access.log'")
            // The head is looked at by ranges, too; blocks are larger.
            let blocks = log.split(separator: "\n").compactMap { line -> Int? in
                guard line.hasPrefix("206 bytes="), let range = line.split(separator: "=").last else { return nil }
                let ends = range.split(separator: "-").compactMap { Int($0) }
                return ends.count == 2 ? ends[1] - ends[0] + 1 : nil
            }.filter { $0 == 2 << 20 }
            #expect(blocks.isEmpty == !isByRanges, "\(log)")
        }
    }
}
