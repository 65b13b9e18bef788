import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What `create`, `convert` and `export` write takes nothing away that was there (create.md, "The file").
    @Suite struct OutputFileTests {
        /// A folder with a small disk.
        private func stage() async throws -> Sandbox {
            let box = try await Sandbox.make()
            try await Tool.run("truncate", "-s", "1M", box.path("disk.raw").string)
            return box
        }

        private func convert(_ box: Sandbox, _ words: String...) async throws -> Sandbox.Run {
            try await box.imgadm(
                ["convert", "-q", "-o", box.path("made").string] + words
                    + [box.path("disk.raw").string, "name=a", "version=1", "os=other"])
        }

        @Test func createReplacesOnlyIfTold() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let words = ["-o", box.path("made").string, vm.uuid] + BareMachine.fields
            let first = try await box.imgadm(["create", "-j"] + words)
            #expect(first.status == 0, "\(first)")
            let row = try JSONValue(parsing: Array(first.output.utf8))["images"]?[0]
            #expect(row?["action"] == "created" && row?["destination"]?.stringValue == box.path("made.zfs").string)
            #expect(row?["manifestFile"]?.stringValue == box.path("made.imgmanifest").string)
            #expect(try row?["bytes"]?.intValue == HostFile.size(box.path("made.zfs")).map { Int($0) })
            let before = (
                try HostFile.read(box.path("made.zfs")), try box.read("made.imgmanifest"), try await vm.everything()
            )
            for other in [[], ["-c", "gzip"]] {
                let again = try await box.imgadm(["create"] + other + words)
                #expect(again.status == 2 && again.errors.contains("made.zfs\" is there already"), "\(again)")
                #expect(again.errors.contains("--force"))
            }
            #expect(try HostFile.read(box.path("made.zfs")) == before.0 && box.read("made.imgmanifest") == before.1)
            #expect(try await vm.everything() == before.2)
            let forced = try await box.imgadm(["create", "-f", "-c", "gzip"] + words)
            #expect(forced.status == 0, "\(forced)")
            #expect(forced.lines.contains("Removed \"\(box.path("made.zfs"))\""), "\(forced)")
            let names = try HostFile.names(in: box.root).filter { $0.hasPrefix("made") }.sorted()
            #expect(names == ["made.imgmanifest", "made.zfs.gz"])
        }

        @Test func oneManifestIsOfOneFile() async throws {
            let box = try await stage()
            #expect(try await convert(box, "-c", "gzip").status == 0)
            let other = try await convert(box, "-c", "zstd")
            #expect(other.status == 2 && other.errors.contains("made.zvol.gz\" is there already"), "\(other)")
            // Two at a time do not come past each other either: who has the manifest's name writes it.
            let taken = try await box.shell(
                """
                cd '\(box.root)' && rm made.* && touch made.imgmanifest.partial && exec 9< made.imgmanifest.partial &&
                flock -s 9 && imgadm convert -q -o made disk.raw name=a version=1 os=other
                """)
            #expect(taken.status == 2 && taken.errors.contains("is being written"), "\(taken)")
            // And what a run has left that was killed is in nobody's way.
            #expect(try await convert(box).status == 0)
            #expect(try !HostFile.exists(box.path("made.imgmanifest.partial")))
            let forced = try await convert(box, "-f", "-c", "none")
            #expect(forced.status == 0, "\(forced)")
            let names = try HostFile.names(in: box.root).filter { $0.hasPrefix("made") }.sorted()
            #expect(names == ["made.imgmanifest", "made.zvol"])
        }

        @Test func whatFailsLeavesTheOldManifest() async throws {
            let box = try await stage()
            #expect(try await convert(box).status == 0)
            let before = try #require(try box.read("made.imgmanifest"))
            // What is mounted cannot be replaced.
            let run = try await box.shell(
                """
                cd '\(box.root)' && cp made.zvol.gz other && mount --bind other made.zvol.gz || exit 77
                trap 'umount made.zvol.gz' EXIT
                imgadm convert -q --force -o made disk.raw name=a version=2 os=other
                """)
            #expect(run.status == 1 && run.errors.contains("made.zvol.gz"), "\(run)")
            #expect(try box.read("made.imgmanifest") == before)
            let exported = try await box.shell(
                """
                cd '\(box.root)' && mount --bind other made.zvol.gz || exit 77
                trap 'umount made.zvol.gz' EXIT
                cp made.imgmanifest src.imgmanifest && cp other src.zvol.gz
                imgadm export -q --force -o made.zvol.gz ./src.zvol.gz
                """)
            #expect(exported.status == 1, "\(exported)")
            #expect(try box.read("made.imgmanifest") == before)
        }
    }
}
