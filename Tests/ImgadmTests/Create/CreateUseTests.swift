import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// A dataset that stands for a machine is in use by who has something of it open, however he sees it.
    @Suite struct CreateUseTests {
        private func create(_ vm: BareMachine, _ words: String = "", while others: String) async throws -> Sandbox.Run {
            try await vm.box.shell(
                """
                root='\(vm.folder)/root'
                \(others) & pid=$!
                until [ "$(cat /proc/$pid/comm)" = sleep ]; do sleep 0.05; done
                imgadm create \(words) -o '\(vm.box.path("made"))' \(vm.uuid) \(BareMachine.fields.joined(separator: " ")); status=$?
                kill $pid; exit $status
                """)
        }

        /// Its paths are those of a root of its own.
        @Test(arguments: [false, true]) func aContainerRuns(withScript isPrepared: Bool) async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try box.write(BareMachine.script("rm /noise; mdata-put prepare-image:state success"), to: "script")
            let before = try await vm.everything()
            let run = try await create(
                vm, isPrepared ? "-s '\(box.path("script"))'" : "",
                while: """
                    unshare --mount --propagation private sh -c '
                        set -e
                        mount --bind "$1" "$1"; cd "$1"; pivot_root . tmp; /bin/busybox umount -l /tmp
                        exec /bin/sleep 600
                    ' sh "$root"
                    """)
            #expect(run.status == 1 && run.errors.contains("error (VmNotStopped)"), "\(run)")
            #expect(run.errors.contains("(sleep): its "), "\(run)")
            #expect(try await vm.everything() == before)
        }

        /// Services have mount namespaces of their own, with copies of all mounts.
        @Test func aMountAloneIsNoUse() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let run = try await create(vm, while: "unshare --mount --propagation private sleep 600")
            #expect(run.status == 0, "\(run)")
        }

        @Test func whatBelongsToAScriptIsForNobodyElse() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try box.write(
                BareMachine.script("until [ -e /end ]; do sleep 0.05; done; mdata-put prepare-image:state success"),
                to: "script")
            let folder = box.path("var/imgadm/bare/\(vm.uuid)")
            let run = try await box.shell(
                """
                imgadm create -s '\(box.path("script"))' -o '\(box.path("made"))' \(vm.uuid) \(BareMachine.fields.joined(separator: " ")) & pid=$!
                until [ -e '\(folder)/pid' ] || ! kill -0 $pid; do sleep 0.05; done
                stat -c %a '\(folder)' '\(folder)/script' > '\(box.path("modes"))'
                touch '\(vm.folder)/root/end'
                wait $pid
                """)
            #expect(run.status == 0, "\(run)")
            #expect(try box.read("modes") == "700\n600\n")
        }
    }
}
