import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What buildah makes is imported, and what is pushed buildah takes.
    @Suite(.enabled(if: ExecutableSearch.find("buildah") != nil, "buildah is not installed")) struct BuildahTests {
        /// buildah with a store of its own in the current folder, which takes no rights but root's.
        private static let functions = """
            set -e -o pipefail
            export BUILDAH_ISOLATION=chroot
            buildah() { command buildah --root "$PWD/store" --runroot "$PWD/run" --storage-driver vfs "$@"; }
            """

        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("cd \(box.root)\n\(Self.functions)\n\(script)")
        }

        @Test(arguments: ["oci", "docker"])
        func aContainerDiskOfBuildahBecomesTheDiskInIt(format: String) async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let name = "\(registry.host)/buildah/disk-\(format)"
            let made = try await run(
                """
                truncate -s 8M disk.raw
                head -c 2000000 /dev/urandom | dd of=disk.raw bs=4096 seek=500 conv=notrunc iflag=fullblock status=none
                qemu-img convert -f raw -O qcow2 disk.raw disk.img
                printf 'FROM scratch\\nCOPY --chown=107:107 disk.img /disk/\\n' > Containerfile
                buildah bud --format \(format) -t \(name):7 . > said 2>&1
                buildah push --tls-verify=false \(name):7 >> said 2>&1
                imgadm import -q oci:\(name):7
                imgadm export -q -o back.raw $(imgadm list -H -o uuid)
                cmp back.raw disk.raw
                imgadm list -H -o name,version,type
                """, in: box)
            let said = try box.read("said") ?? ""
            #expect(made.status == 0, "\(made)\(said)")
            let words = made.lines.last?.split(separator: " ") ?? []
            #expect(words == ["disk-\(format)", "7", "zvol"], "\(made)")
        }

        @Test func buildahTakesWhatIsPushedAndRunsIt() async throws {
            let fixture = try await RegistryFixture.get()
            let registry = fixture.registry
            let box = try await Sandbox.make()
            let name = "buildah/system"
            let layers =
                fixture.layers + [
                    try await registry.layer(name, "mkdir bin; cp $(command -v busybox) bin/busybox")
                ]
            // Its layers are of another repository.
            for layer in fixture.layers {
                try await Tool.shell(
                    """
                    curl -sSf -o /dev/null -X POST \
                        '\(registry.url)/v2/\(name)/blobs/uploads/?mount=\(layer.digest)&from=test/three'
                    """)
            }
            try await registry.image(name, "source", layers)
            #expect(try await box.imgadm("import", "-q", "\(registry.host)/\(name):source").status == 0)
            let uuid = try await RegistryFixture.uuids(layers)[3]
            let target = "\(registry.host)/\(name):pushed"
            let pushed = try await run(
                """
                imgadm push -q \(uuid) \(target)
                container=$(buildah from --tls-verify=false \(target) 2> said)
                buildah mount $container > folder
                """, in: box)
            let said = try box.read("said") ?? ""
            try #require(pushed.status == 0, "\(pushed)\(said)")
            let named = try #require(try box.read("folder"))
            let folder = FilePath(String(named.dropLast()))
            let expected = try await TreeListing.of(try await box.rootFolder(uuid))
            // The top has a time of its own in each store.
            let different = Set(try await TreeListing.of(folder)).symmetricDifference(expected).sorted()
                .filter { !$0.hasSuffix(" . -> ") }
            #expect(different == [], "\(different)")
            let ran = try await run(
                "buildah run $(buildah containers -q) -- /bin/busybox cat /etc/removed", in: box)
            #expect(ran.status == 0 && ran.output == "third\n", "\(ran)")
        }
    }
}
