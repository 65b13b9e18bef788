import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What reads an image, or builds on one, while somebody else takes that away: that is what is told, and nothing is left behind.
    @Suite struct MeanwhileTests {
        private let box: Sandbox
        private let images: Fixture

        init() async throws {
            box = try await Sandbox.make()
            images = try await Fixture.get()
            try box.use(images.server.url)
            // Before the call of a verb whose turn it is, something else is done, and after it.
            let real = try await Tool.shell("PATH=$PATH:/usr/sbin:/sbin; command -v zfs").dropLast()
            try box.write(
                """
                #!/bin/bash
                if [[ $1 = "$VERB" ]]; then
                    echo >> '\(box.path("turns"))'
                    if (( $(wc -l < '\(box.path("turns"))') == TURN )); then
                        eval "$MEANWHILE" >&2 < /dev/null
                        \(real) "$@"
                        status=$?
                        eval "$AFTERWARDS" >&2 < /dev/null
                        exit $status
                    fi
                fi
                exec \(real) "$@"

                """, to: "front/zfs")
            try await Tool.run("chmod", "+x", box.path("front/zfs").string)
        }

        private func imgadm(
            _ words: String, verb: String, turn: Int, meanwhile: String, afterwards: String = ""
        ) async throws -> Sandbox.Run {
            try await box.shell(
                "cd '\(box.root)'; PATH='\(box.path("front")):'$PATH imgadm \(words)",
                environment: ["VERB": verb, "TURN": "\(turn)", "MEANWHILE": meanwhile, "AFTERWARDS": afterwards])
        }

        @Test(
            arguments: [
                ("export -o out.zfs.gz", 1), ("export -o out.tar.gz", 1), ("export -o out.tar", 2),
                ("export -o - --format tar", 3),
                ("inspect", 1),
            ] as [(String, Int)])
        func whatIsReadIsDeleted(command: String, turn: Int) async throws {
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let run = try await imgadm(
                "\(command) \(images.base.uuid) > stdout", verb: "send", turn: turn,
                meanwhile: "\(Binaries.imgadm) delete \(images.base.uuid)")
            #expect(run.status == 3, "\(run)")
            #expect(
                run.errors.contains(
                    "error (ImageNotInstalled): image \(images.base.uuid) was deleted from zpool \"\(box.pool)\" while it was read"
                ),
                "\(run)")
            #expect(try HostFile.names(in: box.root).filter { $0.hasPrefix("out") }.isEmpty)
            #expect(try await box.datasets().isEmpty)
        }

        /// It is put back by a deletion that something stops.
        @Test func whatIsReadIsAwayForAMoment() async throws {
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let dataset = "\(box.pool)/\(images.base.uuid)"
            let run = try await imgadm(
                "export -o out.zfs.gz \(images.base.uuid)", verb: "send", turn: 1,
                meanwhile:
                    "for n in $(seq 600); do zfs unmount \(dataset) && break; sleep 0.1; done; zfs rename \(dataset) \(dataset)-partial",
                afterwards: "zfs rename \(dataset)-partial \(dataset); zfs mount \(dataset)")
            #expect(run.status == 1, "\(run)")
            #expect(
                run.errors.contains(
                    "error (DatasetBusy): image \(images.base.uuid) was about to be deleted while it was read, and is there again"
                ),
                "\(run)")
            #expect(try HostFile.names(in: box.root).filter { $0.hasPrefix("out") }.isEmpty)
        }

        /// `create` has a snapshot of its own in the place of the image's, before it is read or while it is.
        @Test(arguments: ["export -o out.zfs.gz", "inspect"], [true, false])
        func whatIsReadIsAnImageThatIsBeingMade(command: String, isBefore: Bool) async throws {
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let final = "\(box.pool)/\(images.base.uuid)@final"
            let making = "zfs rename \(final) \(final)-1; zfs snapshot -o imgadm:machine=true \(final)"
            if isBefore { #expect(try await box.shell(making).status == 0) }
            let run = try await imgadm(
                "\(command) \(images.base.uuid) > stdout", verb: "send", turn: 1, meanwhile: isBefore ? ":" : making)
            #expect(run.status == 1, "\(run)")
            #expect(
                run.errors.contains("error (DatasetBusy): an image is being made of \(images.base.uuid)"), "\(run)")
        }

        /// An image of another state root goes while all are looked at: it is not there any more, and nothing else is to be told.
        @Test(arguments: ["list -Ho uuid", "list -l", "list -j", "vacuum -n", "get -r OTHER", "delete OTHER", "check"])
        func whatIsListedIsDeletedByAnotherRoot(command: String) async throws {
            let root = TestFolder.make("root")
            defer { TestFolder.remove(root) }
            let single = try await images.workshop.make(name: "single")
            let other = "IMGADM_ROOT='\(root)' \(Binaries.imgadm)"
            for turn in 1...4 {
                let run = try await box.shell(
                    """
                    for image in \(images.base.uuid) \(single.uuid); do
                        \(other) import -q -S '\(images.server.url)' $image > /dev/null || exit 90
                    done
                    """)
                #expect(run.status == 0, "\(run)")
                let words = command.replacing("OTHER", with: single.uuid)
                let looked = try await imgadm(
                    words, verb: "get", turn: turn, meanwhile: "\(other) delete \(images.base.uuid)")
                #expect(looked.status == 0, "\(turn): \(looked)")
                #expect(!looked.errors.contains("may be no image"), "\(turn): \(looked)")
                if command == "check" {
                    #expect(!looked.output.contains("and no image: "), "\(turn): \(looked)")
                }
                try HostFile.write([], to: box.path("turns"))
                _ = try await box.shell("\(other) delete \(single.uuid) \(images.base.uuid)")
                #expect(try await box.datasets().isEmpty)
            }
        }

        @Test func whatItBuildsOnIsDestroyed() async throws {
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let run = try await imgadm(
                "import \(images.middle.uuid)", verb: "receive", turn: 2,
                meanwhile:
                    "for try in {1..100}; do zfs destroy -r \(box.pool)/\(images.base.uuid) 2> /dev/null && break; sleep 0.1; done"
            )
            #expect(run.status == 3, "\(run)")
            #expect(
                run.errors.contains(
                    "error (OriginNotInstalled): the origin \(images.base.uuid) of image \(images.middle.uuid) was deleted"
                ),
                "\(run)")
            #expect(try await box.datasets().isEmpty)
            #expect(try box.recordNames() == ["\(box.pool)-\(images.base.uuid).json"])
            #expect(try box.leftovers().allSatisfy { $0.hasPrefix("downloads/") })
        }
    }
}
