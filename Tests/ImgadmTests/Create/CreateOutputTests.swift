import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Runs of `create` for several machines that are to write the same files.
    @Suite struct CreateOutputTests {
        private let box: Sandbox
        private let first: BareMachine
        private let second: BareMachine

        init() async throws {
            box = try await Sandbox.make()
            first = try await BareMachine.make(in: box)
            second = try await BareMachine.make(in: box)
            // Every `zfs send` says that it is there, and waits until it may go on.
            let real = try await Tool.shell("PATH=$PATH:/usr/sbin:/sbin; command -v zfs").dropLast()
            try box.write(
                """
                #!/bin/bash
                if [[ $1 = send ]]; then
                    touch "$MARK.sending"
                    until [[ -e $MARK.go ]]; do sleep 0.05; done
                fi
                exec \(real) "$@"

                """, to: "front/zfs")
            try await Tool.run("chmod", "+x", box.path("front/zfs").string)
        }

        private static let words = BareMachine.fields.joined(separator: " ")

        private func shell(_ line: String) async throws -> Sandbox.Run {
            try await box.shell("cd '\(box.root)'\n\(line)")
        }

        /// Shell that starts a run, whose process is `$pid` then, and goes on once that is about to send.
        private func begin(_ mark: String, _ vm: BareMachine) -> String {
            """
            MARK="$PWD/\(mark)" PATH="$PWD/front:$PATH" \(Binaries.imgadm) create -f -o made \(vm.uuid) \(Self.words) & pid=$!
            until [[ -e \(mark).sending ]]; do sleep 0.05; done
            """
        }

        private func expectWhole(_ run: Sandbox.Run) async throws {
            #expect(run.status == 0, "\(run)")
            let inspected = try await box.imgadm("inspect", box.path("made.zfs").string)
            #expect(inspected.status == 0 && inspected.errors.isEmpty, "\(inspected)")
            let left = try HostFile.names(in: box.root).filter { $0.hasPrefix("made") }.sorted()
            #expect(left == ["made.imgmanifest", "made.zfs"])
            #expect(try HostFile.names(in: box.path("var/imgadm/create")).isEmpty)
        }

        /// Whoever comes second is told, and takes nothing away when it goes.
        @Test func theFileOfARunThatIsAtWorkStays() async throws {
            let run = try await shell(
                """
                \(begin("one", first))
                imgadm create -f -o made \(second.uuid) \(Self.words) 2> said && exit 90
                grep -q 'error (Usage): "made.zfs.partial" is being written' said || { cat said; exit 91; }
                [[ -e made.zfs.partial ]] || exit 92
                touch one.go
                wait $pid
                """)
            try await expectWhole(run)
            #expect(try await !box.datasets().contains { $0.hasSuffix("@final") })
        }

        /// Nor does whoever puts back what a run has left that was killed.
        @Test func recoveryLeavesTheFileOfAnotherRunAlone() async throws {
            let run = try await shell(
                """
                \(begin("one", first))
                kill -9 $pid; wait $pid
                touch one.go
                # Its note is found late, as it is as long as its zfs is at work.
                note=var/imgadm/create/\(first.uuid).json
                mv $note note
                \(begin("two", second))
                mv note $note
                imgadm create --recover \(first.uuid) || exit 90
                [[ -e made.zfs.partial ]] || exit 91
                touch two.go
                wait $pid
                """)
            #expect(run.errors.contains("Recovered VM \(first.uuid)"), "\(run)")
            try await expectWhole(run)
        }

        /// With nobody at work on it, what was left goes.
        @Test func recoveryClearsWhatIsNobodys() async throws {
            let run = try await shell(
                """
                \(begin("one", first))
                kill -9 $pid; wait $pid
                touch one.go made.imgmanifest.tmp made.imgmanifest.partial
                imgadm create --recover \(first.uuid)
                """)
            #expect(run.status == 0, "\(run)")
            #expect(try HostFile.names(in: box.root).filter { $0.hasPrefix("made") }.isEmpty)
        }
    }
}
