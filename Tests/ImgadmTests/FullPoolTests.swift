import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// A pool that has no room even for a rename.
    @Suite struct FullPoolTests {
        private let box: Sandbox
        private let image: TestImage

        init() async throws {
            box = try await Sandbox.make()
            let images = try await Fixture.get()
            image = images.base
            try box.use(images.server.url)
            // A deletion is killed before `@final` goes, or after that.
            let real = try await Tool.shell("PATH=$PATH:/usr/sbin:/sbin; command -v zfs").dropLast()
            try box.write(
                """
                #!/bin/bash
                if [[ $1 = destroy && $2 = *@final ]]; then
                    if [[ $KILLED = after ]]; then \(real) "$@"; fi
                    kill -9 $PPID
                    exit 1
                fi
                exec \(real) "$@"

                """, to: "front/zfs")
            try await Tool.run("chmod", "+x", box.path("front/zfs").string)
        }

        /// - Parameters:
        ///   - lines: what is done once the pool `$full` is full, and has the image.
        ///   - before: what is done before it is full.
        private func onFullPool(_ lines: String, before: String = "") async throws -> Sandbox.Run {
            try await box.shell(
                """
                cd '\(box.root)'
                full=\(box.pool)full
                truncate -s 100M disk && zpool create -o cachefile=none -m "$PWD/full" $full "$PWD/disk" || exit 90
                gone() { for try in {1..50}; do zpool destroy -f $full && return; sleep 0.2; done; exit 93; }
                trap gone EXIT
                export IMGADM_POOL=$full
                imgadm import -q \(image.uuid) > /dev/null || exit 91
                \(before)
                dd if=/dev/urandom of=full/fill bs=64k 2>/dev/null
                dd if=/dev/urandom of=full/fill2 bs=512 2>/dev/null
                sync
                \(lines)
                status=$?
                zfs list -H -r -t all -o name $full
                ls var/imgadm/images
                exit $status
                """)
        }

        @Test func itCanBeEmptied() async throws {
            let run = try await onFullPool("imgadm delete \(image.uuid)")
            #expect(run.status == 0, "\(run)")
            #expect(run.lines == ["Deleted image \(image.uuid)", "\(box.pool)full"], "\(run)")
        }

        /// The state lies on the pool that is full: there is no room for a lock file, nor for a note in the record.
        @Test(arguments: ["", "before", "after"])
        func itCanBeEmptiedWhereTheStateLiesOnIt(killed: String) async throws {
            let dying =
                "KILLED=\(killed) PATH=\"$PWD/front:$PATH\" \(Binaries.imgadm) delete \(image.uuid) 2> /dev/null"
            let run = try await onFullPool(
                """
                export IMGADM_ROOT="$PWD/full/state"
                \(killed.isEmpty ? "" : "\(dying); [[ $? = 137 ]] || exit 92")
                imgadm install -m manifest -f file > said 2>&1; grep -o 'already installed' said
                imgadm delete \(image.uuid); status=$?
                ls "$IMGADM_ROOT/var/imgadm/images"
                (exit $status)
                """,
                before: """
                    imgadm export -q -o file.zfs \(image.uuid) > /dev/null && mv file.zfs file && mv file.imgmanifest manifest || exit 94
                    mkdir full/state && cp -r var full/state/ && rm -rf full/state/var/run full/state/var/tmp || exit 95
                    """)
            #expect(run.status == 0, "\(run)")
            // What is left of one is no image.
            let told =
                killed == "after"
                ? [
                    "Cleared leftover dataset \(box.pool)full/\(image.uuid)",
                    "Cleared leftover record of image \(image.uuid)",
                ] : ["already installed"]
            #expect(run.lines.starts(with: told + ["Deleted image \(image.uuid)", "\(box.pool)full"]), "\(run)")
        }

        /// Whatever was killed, and when, is completed by the same command, and by those that clear up; an image is what is whole.
        @Test(arguments: ["before", "after"], ["delete", "delete by name", "vacuum", "check"])
        func aDeletionThatWasKilledIsCompleted(killed: String, by command: String) async throws {
            let name = command == "delete by name" ? "base" : image.uuid
            let words = ["vacuum": "vacuum -f", "check": "check --repair -P $full"]
            let run = try await onFullPool(
                """
                KILLED=\(killed) PATH="$PWD/front:$PATH" \(Binaries.imgadm) delete \(name) 2> /dev/null
                [[ $? = 137 ]] || exit 92
                imgadm list -H -o uuid zpool=$full
                imgadm get \(image.uuid) > /dev/null; echo $?
                imgadm check -P $full | grep -o 'a deletion of image .* has left'
                imgadm \(words[command] ?? "delete \(name)")
                """)
            // Where there is no room for the folder that it is to be mounted on, that cannot be mended.
            #expect(run.status == (killed == "before" && command == "check" ? 1 : 0), "\(run)")
            let told =
                killed == "before"
                ? [image.uuid, "0"] : ["3", "a deletion of image \(image.uuid) that died has left"]
            #expect(Array(run.lines.prefix(told.count)) == told, "\(run)")
            if killed == "before", command == "check" {
                #expect(
                    run.lines.suffix(3) == [
                        "\(box.pool)full/\(image.uuid)", "\(box.pool)full/\(image.uuid)@final",
                        "\(box.pool)full-\(image.uuid).json",
                    ], "\(run)")
            } else {
                #expect(run.lines.last == "\(box.pool)full", "\(run)")
            }
        }
    }
}
