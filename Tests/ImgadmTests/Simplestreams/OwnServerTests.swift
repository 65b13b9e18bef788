import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What `docs/simplestreams.md` tells who wants a server of his own.
    @Suite struct OwnServerTests {
        @Test func theTreeOfThePageIsOne() async throws {
            let bytes = try #require(try HostFile.read("docs/simplestreams.md"))
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            let start = try #require(lines.firstIndex { $0.contains("mkdir -p www/streams/v1") })
            let script = lines[start...].prefix { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }.joined(separator: "\n")
            let box = try await Sandbox.make()
            let made = try await box.shell(
                """
                set -e; cd '\(box.root)'; mkdir -p tree/usr/lib; echo ID=web > tree/usr/lib/os-release
                tar -C tree -cJf rootfs.tar.xz .
                \(script)
                """)
            try #require(made.status == 0, "\(made)")
            let server = try await FileServer(box.path("www"))
            let run = try await box.shell(
                """
                imgadm sources -d https://images.smartos.org; imgadm sources -t simplestreams -a \(server.url)
                imgadm avail -H --arch amd64 -o name,version,type; imgadm import web/1/amd64
                imgadm list -H -o name zpool=\(box.pool)
                """)
            #expect(run.status == 0 && run.lines.contains("web/1  20260201_0900  lx-dataset"), "\(run)")
            #expect(run.lines.last == "web/1", "\(run)")
        }
    }
}
