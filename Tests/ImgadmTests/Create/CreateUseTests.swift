import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// A dataset that stands for a machine is in use by who has something of it open, however he sees it.
    @Suite struct CreateUseTests {
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
