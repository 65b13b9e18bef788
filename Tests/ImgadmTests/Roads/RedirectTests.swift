import TestHost
import Testing

extension EndToEnd {
    /// A server that has no files, but sends everybody to another one, as those before a CDN do.
    @Suite struct RedirectTests {
        private func box() async throws -> Sandbox {
            let box = try await Sandbox.make()
            let made = try await box.shell(
                """
                set -e -o pipefail; cd \(box.root); mkdir www
                truncate -s 16M disk.raw
                head -c 12000000 /dev/urandom | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
                qemu-img convert -f raw -O qcow2 disk.raw www/web-1.0.qcow2
                (cd www; sha256sum web-1.0.qcow2 > SHA256SUMS)
                """)
            try #require(made.status == 0, "\(made)")
            return box
        }

        /// A proxy before a server of the files.
        private func cdn(_ files: FileServer, _ faults: [Fault], then rest: Fault = .pass) async throws -> FaultProxy {
            let port = try #require(files.url.split(separator: ":").last.flatMap { Int($0) })
            return try await FaultProxy(to: port, path: "/web-1.0.qcow2", isPathWhole: true, faults, then: rest)
        }

        @Test func whatBreaksOffElsewhereGoesOnThere() async throws {
            let box = try await box()
            let files = try await FileServer(box.path("www"))
            // The first request of each command is for the beginning alone.
            let cdn = try await cdn(files, [.pass, .pass, .cut(after: 5_000_000), .cut(after: 2_000_000)])
            let front = try await FileServer(box.path("nothing"), redirectingTo: cdn.url)
            let url = "\(front.url)/web-1.0.qcow2"
            let made = try await box.shell(
                """
                set -e -o pipefail; cd \(box.root)
                imgadm show \(url) > shown
                imgadm import -q --verify checksum \(url)
                imgadm export -q -o back.raw $(imgadm list -H -o uuid)
                cmp back.raw disk.raw
                imgadm import \(url) | grep skipping
                """)
            #expect(made.status == 0, "\(made)")
            // From where it was, not from its beginning; and who is in front is asked for the way each time.
            let ranges = cdn.requests.map { $0.lowercased() }.compactMap { head in
                head.firstRange(of: "\r\nrange: bytes=").map { head[$0.upperBound...].prefix { $0 != "\r\n" } }
            }
            #expect(ranges.contains { !$0.hasPrefix("0-") }, "\(ranges) \(cdn.requests)")
            #expect(cdn.requests.count > 3 && front.requests.count >= cdn.requests.count, "\(front.requests)")
            #expect(cdn.requests.allSatisfy { $0.contains("\r\nHost: \(cdn.url.dropFirst(7))\r\n") }, "\(cdn.requests)")
            let name = try #require(try box.recordNames().first)
            let record = try #require(try box.read("var/imgadm/images/\(name)"))
            #expect(record.contains(url) && !record.contains(cdn.url), "\(record)")
            #expect(try box.leftovers() == [])
        }

        @Test func whatIsNowhereIsAnErrorAndLeavesNothing() async throws {
            let box = try await box()
            let front = try await FileServer(box.path("nothing"), redirectingTo: "http://127.0.0.1:1")
            let files = try await FileServer(box.path("www"))
            let corrupt = try await cdn(files, [.pass], then: .corrupt(at: 1_000_000))
            let other = try await FileServer(box.path("nothing"), redirectingTo: corrupt.url)
            for url in [front.url, other.url] {
                let run = try await box.imgadm("import", "\(url)/web-1.0.qcow2", "version=1")
                #expect(run.status == 1 && run.errors.contains("imgadm import: error ("), "\(run)")
                #expect(try await box.datasets() == [] && box.recordNames() == [] && box.leftovers() == [])
            }
        }
    }
}
