import Host
import JSON
import SystemPackage
import TestHost

/// A registry that many tests use, each with repositories of its own, and an image in it.
struct RegistryFixture: Sendable {
    let registry: RegistryServer
    /// Three layers in two formats; the second and the third take away and change what is below.
    let reference: String
    let layers: [PushedLayer]

    private static let shared = MadeOnce { try await make() }

    static func get() async throws -> RegistryFixture { try await shared.get() }

    private static func make() async throws -> RegistryFixture {
        let registry = try await RegistryServer()
        let name = "test/three"
        let layers = [
            try await registry.layer(name, base), try await registry.layer(name, second, compression: "none"),
            try await registry.layer(name, third),
        ]
        try await registry.image(
            name, "one", layers,
            config: [
                "comment": "made by a test",
                "config": ["Cmd": ["/bin/sh"], "Env": ["PATH=/bin"], "WorkingDir": "/etc"],
            ])
        return RegistryFixture(registry: registry, reference: "\(registry.host)/\(name):one", layers: layers)
    }

    private static let base = """
        mkdir -p bin etc/deep/er gone/away opaque/old usr/lib tmp dev
        ln -s usr/lib lib
        echo base > etc/kept; echo base > etc/changed; echo base > etc/removed; echo base > gone/away/file
        echo base > opaque/old/file; echo base > replaced-by-folder; mkdir replaced-by-file; echo x > replaced-by-file/x
        head -c 200000 /dev/urandom > bin/sh; chmod 4755 bin/sh; ln bin/sh bin/hard; chmod 1777 tmp
        ln -s ../etc/kept bin/soft; mkfifo etc/pipe; mknod dev/null c 1 3; mknod dev/loop b 7 1
        chown -h 1000:2000 etc/kept bin/soft; chown 4000000:5000000 etc/deep
        truncate -s 3000000 etc/sparse; printf end >> etc/sparse
        touch "etc/with space" "etc/$(printf 'n%.0s' $(seq 200))"; touch etc/ünï
        touch -h -d '2001-02-03 04:05:06.789' bin/soft etc/kept
        find . -type d -exec touch -d '2011-11-11 11:11:11' {} +
        """

    private static let second = """
        mkdir -p etc gone opaque lib/new
        echo second > etc/changed; touch etc/.wh.removed gone/.wh.away
        touch opaque/.wh..wh..opq; echo second > opaque/young
        mkdir replaced-by-folder; echo second > replaced-by-folder/file; echo second > replaced-by-file
        rmdir lib/new; rmdir lib; mkdir -p usr/lib; echo second > usr/lib/library
        chmod 700 etc; find . -type d -exec touch -d '2012-12-12 12:12:12' {} +
        """

    private static let third = """
        mkdir -p etc bin; touch etc/.wh.changed; echo third > bin/third; ln bin/third etc/third
        echo third > etc/removed; find . -exec touch -h -d '2013-01-01 13:13:13' {} +
        """

    /// What umoci makes of an image, in a folder that must be removed.
    static func unpackedByUmoci(_ reference: String) async throws -> FilePath {
        let folder = TestFolder.make("umoci")
        try await Tool.shell(
            """
            cd '\(folder)'
            skopeo copy -q --src-tls-verify=false 'docker://\(reference)' oci:layout:image
            umoci unpack --image layout:image bundle >/dev/null 2>&1
            """)
        return folder.appending("bundle/rootfs")
    }

    /// The UUIDs of a chain of layers, worked out by other tools (docker.md, "As images").
    static func uuids(_ layers: [PushedLayer]) async throws -> [String] {
        var uuids: [String] = []
        for count in 1...layers.count {
            let text = layers.prefix(count).map(\.digest).joined(separator: " ")
            uuids.append(
                try await Tool.shell(
                    """
                    printf '%s' '\(text)' | sha256sum | sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\\1-\\2-\\3-\\4-\\5/' |
                        tr -d '\\n'
                    """))
        }
        return uuids
    }
}
