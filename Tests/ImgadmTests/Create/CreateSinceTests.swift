import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What came into a machine after a run had died is its owner's: it is lost by nothing but his word.
    @Suite struct CreateSinceTests {
        private let box: Sandbox
        private let vm: BareMachine

        init() async throws {
            box = try await Sandbox.make()
            vm = try await BareMachine.make(in: box)
            try box.write(
                BareMachine.script(
                    """
                    echo > /begun
                    until [ -e /end ]; do sleep 0.05; done
                    mdata-put prepare-image:state success
                    """), to: "script")
        }

        private var work: FilePath { vm.folder.appending("root/work") }
        private var fields: String { BareMachine.fields.joined(separator: " ") }

        /// - Parameter meanwhile: shell, run while the script waits in the machine.
        private func create(meanwhile: String) async throws -> Sandbox.Run {
            let (root, bare) = (vm.folder.appending("root"), box.path("var/imgadm/bare/\(vm.uuid)"))
            return try await box.shell(
                """
                imgadm create -f -s '\(box.path("script"))' -o '\(box.path("made"))' \(vm.uuid) \(fields) & pid=$!
                until [ -e '\(root)/begun' ]; do kill -0 $pid || exit 9; sleep 0.05; done
                until [ -e '\(bare)/pid' ]; do sleep 0.05; done
                holder=$(cut -d ' ' -f 1 '\(bare)/pid')
                \(meanwhile)
                touch '\(root)/end'
                wait $pid; status=$?
                while grep -qs '^State:[[:space:]][^ZX]' /proc/$holder/status; do sleep 0.05; done
                exit $status
                """)
        }

        /// A run is killed, its script comes to its end, and the owner goes on with his machine.
        private func leave() async throws {
            let killed = try await create(meanwhile: "kill -9 $(pgrep -P $pid imgadm || echo $pid)")
            #expect(killed.status == 137, "\(killed)")
            try Tool.write("important", to: work)
        }

        private func intent() throws -> JSONObject {
            let text = try #require(try box.read("var/imgadm/create/\(vm.uuid).json"))
            return try JSONValue(parsing: text).objectValue ?? [:]
        }

        /// Has what is written down of the run be of another boot, or of an hour ago and more.
        private func changeIntent(_ key: String, _ change: (JSONValue?) -> JSONValue) throws {
            var intent = try intent()
            intent[key] = change(intent[key])
            try box.write(JSONValue.object(intent).text(), to: "var/imgadm/create/\(vm.uuid).json")
        }

        private func expectItStays(_ run: Sandbox.Run, status: Int32 = 0) async throws {
            #expect(run.status == status && run.errors.contains("imgadm create --recover \(vm.uuid)"), "\(run)")
            #expect(try HostFile.exists(work), "\(run)")
            #expect(try await box.datasets().contains("\(vm.uuid)@imgadm-create-pre-prepare"))
        }

        @Test(arguments: ["boot", "time", "use"])
        func nothingIsTakenBackUnasked(after what: String) async throws {
            let before = try await vm.everything()
            try await leave()
            switch what {
            case "boot": try changeIntent("boot") { _ in "00000000-0000-0000-0000-000000000000" }
            case "time": try changeIntent("time") { .number(JSONNumber(($0?.intValue ?? 0) - 3_700_000)) }
            default:
                let listed = try await box.shell(
                    """
                    sleep 600 < '\(work)' & pid=$!
                    until [ /proc/$pid/fd/0 -ef '\(work)' ]; do sleep 0.05; done
                    imgadm list -H; status=$?
                    kill -0 $pid || exit 9
                    kill $pid; exit $status
                    """)
                try await expectItStays(listed)
            }
            // Told once, it is told until it is done; no telling makes the run a younger one.
            let (boot, time) = try (intent()["boot"], intent()["time"])
            for _ in 0..<2 { try await expectItStays(try await box.imgadm("list", "-H")) }
            let created = try await box.imgadm(
                ["create", "-f", "-o", box.path("made").string, vm.uuid] + BareMachine.fields)
            try await expectItStays(created, status: 1)
            #expect(created.errors.contains("error (RecoveryError)"), "\(created)")
            for _ in 0..<2 {
                let again = try await create(meanwhile: ":")
                try await expectItStays(again, status: 1)
                #expect(again.errors.contains("error (RecoveryError)"), "\(again)")
            }
            _ = try await box.imgadm("check", "--repair")
            #expect(try intent()["boot"] == boot && intent()["time"] == time)
            try await expectItStays(try await box.imgadm("list", "-H"))
            let recovered = try await box.imgadm("create", "--recover", vm.uuid)
            #expect(recovered.status == 0, "\(recovered)")
            #expect(try await vm.everything() == before)
        }

        /// A run that was killed is made up for by the same command, if nobody can have used the machine (state.md, "Crash safety").
        @Test func theSameCommandAtOnceBeginsWithTheMachineAsItWas() async throws {
            let before = try await vm.everything()
            try await leave()
            try HostFile.remove(work.removingLastComponent().appending("begun"))
            let again = try await create(meanwhile: ":")
            #expect(again.status == 0 && "\(again)".contains("Recovered VM \(vm.uuid)"), "\(again)")
            #expect(try await vm.everything() == before)
        }

        /// A process of the script that has a root of its own further down does not see what the others see. A run that is killed early has
        /// not written down which of them holds the others.
        @Test func aScriptsProcessInAJailIsNoStranger() async throws {
            let before = try await vm.everything()
            try box.write(
                BareMachine.script(
                    """
                    busybox=/bin/busybox
                    $busybox mkdir -p /jail/bin; $busybox cp $busybox /jail/bin
                    $busybox chroot /jail $busybox sh -c "> /up; exec $busybox sleep 600" &
                    until [ -e /jail/up ]; do sleep 0.05; done
                    echo > /begun
                    sleep 600
                    """), to: "script")
            let bare = box.path("var/imgadm/bare/\(vm.uuid)")
            let run = try await create(
                meanwhile: """
                    kill -9 $(pgrep -P $pid imgadm || echo $pid)
                    rm '\(bare)/pid'
                    imgadm list -H
                    exit
                    """)
            #expect(run.status == 0 && run.errors.contains("Recovered VM \(vm.uuid)"), "\(run)")
            #expect(try await vm.everything() == before)
        }

        @Test func whoKeepsItTakesTheScriptAway() async throws {
            try await leave()
            try changeIntent("boot") { _ in "00000000-0000-0000-0000-000000000000" }
            try await expectItStays(try await box.imgadm("list", "-H"))
            try await Tool.run("rm", "-r", box.path("var/imgadm/bare/\(vm.uuid)").string)
            let listed = try await box.imgadm("list", "-H")
            #expect(listed.status == 0 && listed.errors.contains("Recovered VM \(vm.uuid)"), "\(listed)")
            #expect(try HostFile.exists(work))
            #expect(try await box.datasets().allSatisfy { !$0.contains("imgadm-create") })
            #expect(try HostFile.names(in: box.path("var/imgadm/create")).isEmpty)
        }
    }
}
