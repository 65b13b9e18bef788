import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What gets into an image is what its layers say, whatever this host is like.
    @Suite struct LayerContentTests {
        /// A layer of what a script packs into the file `archive`.
        private func layer(_ repository: String, packing script: String) async throws -> PushedLayer {
            let work = TestFolder.make("archive")
            defer { TestFolder.remove(work) }
            try await Tool.shell("cd '\(work)' && { \(script)\n}")
            let archive = try #require(try HostFile.read(work.appending("archive")))
            return try await RegistryFixture.get().registry.layer(repository, archive: archive)
        }

        @Test(arguments: ["077", "027", "0"])
        func theUmaskIsNotInTheImage(mask: String) async throws {
            let registry = try await RegistryFixture.get().registry
            let name = "umask\(mask)"
            // No entry describes the folders.
            let layer = try await layer(
                name,
                packing: """
                    mkdir -p t/opt/app/bin && : > t/opt/app/bin/tool && chmod 4755 t/opt/app/bin/tool && mkfifo -m 666 t/opt/fifo
                    tar --no-recursion -C t -cf archive opt/app/bin/tool opt/fifo
                    """)
            let upper = try await self.layer(
                name,
                packing: "mkdir -p t/srv/www && : > t/srv/www/page && tar --no-recursion -C t -cf archive srv/www/page")
            try await registry.image(name, "1", [layer, upper])
            let box = try await Sandbox.make()
            let run = try await box.shell("umask \(mask); imgadm import \(registry.host)/\(name):1")
            #expect(run.status == 0, "\(run)")
            let top = try #require(try await RegistryFixture.uuids([layer, upper]).last)
            let root = try await box.rootFolder(top)
            let modes = try await Tool.shell(
                "cd '\(root)' && stat -c '%a %n' . opt opt/app opt/app/bin opt/app/bin/tool opt/fifo srv srv/www")
            #expect(
                modes.split(separator: "\n") == [
                    "755 .", "755 opt", "755 opt/app", "755 opt/app/bin", "4755 opt/app/bin/tool", "666 opt/fifo",
                    "755 srv",
                    "755 srv/www",
                ])
        }

        @Test func whatAFileSystemCannotKeepIsLostAndSaid() async throws {
            let registry = try await RegistryFixture.get().registry
            let layer = try await layer(
                "odd-metadata",
                packing: """
                    python3 - <<'END'
                    import tarfile
                    archive = tarfile.open("archive", "w", format=tarfile.PAX_FORMAT)
                    def add(name, type, **fields):
                        entry = tarfile.TarInfo(name)
                        entry.type = type
                        for key, value in fields.items(): setattr(entry, key, value)
                        archive.addfile(entry)
                    user = {"SCHILY.xattr.user.a": "1"}
                    add("link", tarfile.SYMTYPE, linkname="file", pax_headers=user)
                    add("fifo", tarfile.FIFOTYPE, pax_headers=user)
                    add("file", tarfile.REGTYPE, mtime=-62135596800)
                    add("late", tarfile.REGTYPE, mtime=1 << 40)
                    add("folder", tarfile.DIRTYPE, mtime=1 << 34, mode=0o755)
                    archive.close()
                    END
                    """)
            try await registry.image("odd-metadata", "1", [layer])
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/odd-metadata:1")
            #expect(run.status == 0, "\(run)")
            #expect(run.errors.contains("extended attributes") && run.errors.contains("\"attributes\":\"2\""), "\(run)")
            let uuid = try #require(try await RegistryFixture.uuids([layer]).last)
            let root = try await box.rootFolder(uuid)
            #expect(
                try await Tool.shell("ls '\(root)'").split(separator: "\n") == [
                    "fifo", "file", "folder", "late", "link",
                ])
        }

        @Test func whatHasNoRoomIsNamed() async throws {
            let registry = try await RegistryFixture.get().registry
            let layer = try await registry.layer("no-room", "echo 1 > small; head -c 30000000 /dev/zero > zeros")
            try await registry.image("no-room", "1", [layer])
            let box = try await Sandbox.make()
            try await Tool.shell("zfs set quota=8M '\(box.pool)'")
            let run = try await box.imgadm("import", "\(registry.host)/no-room:1")
            #expect(
                run.status == 1 && run.errors.contains("error (NoSpace)") && run.errors.contains("zeros\""), "\(run)")
            #expect(try await box.datasets().isEmpty && box.leftovers().isEmpty)
            try await Tool.shell("zfs set quota=none '\(box.pool)'")
            #expect(try await box.imgadm("import", "\(registry.host)/no-room:1").status == 0)
        }

        @Test(arguments: [
            "\"layerEntries\": 4503599627370496", "\"layerEntries\": 9223372036854775807",
            "\"layerBytes\": 9223372036854775807", "\"nameLength\": 9223372036854775807",
            "\"windowBytes\": 9223372036854775807",
        ])
        func noLimitIsTooLargeToBeReckonedWith(setting: String) async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            try box.write("{\"docker\": {\(setting)}}", to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("import", fixture.reference)
            #expect(run.status == 0 || run.status == 1 && run.errors.contains("error (ConfigError)"), "\(run)")
        }

        @Test func aManyLayeredImageTakesFewOpenFiles() async throws {
            let registry = try await RegistryFixture.get().registry
            var layers: [PushedLayer] = []
            for number in 0..<40 { layers.append(try await registry.layer("many", "echo \(number) > file")) }
            try await registry.image("many", "1", layers)
            let box = try await Sandbox.make()
            let run = try await box.shell("ulimit -n 90; imgadm import \(registry.host)/many:1")
            #expect(run.status == 0, "\(run)")
            #expect(try await box.datasets().count == 80)
            #expect(try box.leftovers().isEmpty)
        }
    }
}
