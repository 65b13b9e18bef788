import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// A prepare-image script sees all folders of the root that it runs in, whatever the root has.
    @Suite struct CreateRootTests {
        private func create(_ box: Sandbox, _ vm: BareMachine) async throws -> Sandbox.Run {
            try await box.imgadm(
                ["create", "-s", box.path("script").string, "-o", box.path("made").string, vm.uuid] + BareMachine.fields
            )
        }

        static let roots = [
            "true", "rmdir run", "rmdir run tmp", "rmdir run; ln -s var/run run", "rmdir run; ln -s no/where run",
            "rmdir run tmp; ln -s var tmp", "rmdir run dev; ln -s 'HOST' run; ln -s 'HOST' dev",
            "cd ..; mv root/* .; rmdir root; mkdir -p 'HOST/bin'; ln -s 'HOST' root",
        ]

        @Test(arguments: roots) func whatTheScriptDeletesIsNotInTheImage(of root: String) async throws {
            let box = try await Sandbox.make(environment: ["IMGADM_PREPARE_TIMEOUT": "60"])
            let vm = try await BareMachine.make(in: box)
            try box.write("keep", to: "host/secret")
            try await Tool.shell(
                """
                cd '\(vm.folder)/root'; mkdir -p var/run var/log mnt
                \(root.split(separator: "HOST", omittingEmptySubsequences: false).joined(separator: box.path("host").string))
                for folder in run tmp mnt var/run var/log; do
                    [ -L "$folder" ] || [ ! -d "$folder" ] || echo s > "$folder/secret"
                done
                """)
            let top = root.hasPrefix("cd ..") ? vm.folder : vm.folder.appending("root")
            try box.write(
                BareMachine.script("rm -f /*/secret /*/*/secret; mdata-put prepare-image:state success"), to: "script")
            let before = try await vm.everything()
            let run = try await create(box, vm)
            #expect(run.status == 0, "\(run)")
            #expect(try await vm.everything() == before)
            #expect(try HostFile.exists(top.appending("var/log/secret")))
            #expect(try box.read("host/secret") == "keep")
            let other = try await Sandbox.make()
            let install = try await other.imgadm(
                "install", "-m", box.path("made.imgmanifest").string, "-f", box.path("made.zfs").string)
            #expect(install.status == 0, "\(install)")
            let manifest = try JSONValue(parsing: try HostFile.read(box.path("made.imgmanifest")) ?? [])
            let folder = try await Tool.run(
                "zfs", "get", "-H", "-o", "value", "mountpoint",
                "\(other.pool)/\(manifest["uuid"]?.stringValue ?? "")")
            let image = FilePath(String(folder.dropLast()))
            #expect(try await names(in: image) == names(in: vm.folder).filter { !$0.hasSuffix("/secret") })
        }

        private func names(in folder: FilePath) async throws -> [String] {
            try await Tool.shell("cd '\(folder)' && find . | sort").split(separator: "\n").map(String.init)
        }

        @Test(arguments: ["rmdir proc", "rmdir proc; ln -s var proc", "rmdir proc; ln -s / proc"])
        func aRootWithoutAFolderProcIsRefused(root: String) async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try await Tool.shell("cd '\(vm.folder)/root'; mkdir var; \(root)")
            try box.write(BareMachine.script("mdata-put prepare-image:state success"), to: "script")
            let before = try await vm.everything()
            let run = try await create(box, vm)
            #expect(run.status == 1 && run.errors.contains("/root/proc\" is no folder"), "\(run)")
            #expect(try await vm.everything() == before)
            #expect(try HostFile.names(in: box.root).allSatisfy { !$0.hasPrefix("made") })
        }
    }
}
