import Host
import JSON
import SystemPackage
import TestHost
import Testing

/// A dataset that stands for a VM, with a root file system in which scripts run.
struct BareMachine {
    let box: Sandbox
    let uuid: String
    let folder: FilePath
    var dataset: String { "\(box.pool)/\(uuid)" }

    /// - Parameter origin: an installed image to clone it from.
    static func make(in box: Sandbox, origin: String? = nil) async throws -> BareMachine {
        let uuid = TestUUID.make()
        if let origin {
            try await Tool.run("zfs", "clone", "\(box.pool)/\(origin)@final", "\(box.pool)/\(uuid)")
        } else {
            try await Tool.run("zfs", "create", "\(box.pool)/\(uuid)")
        }
        let mountpoint = try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", "\(box.pool)/\(uuid)")
        let folder = FilePath(String(mountpoint.dropLast()))
        try await Tool.shell(
            """
            mkdir -p '\(folder)/root' && cd '\(folder)/root'
            mkdir -p bin usr/bin run proc dev etc tmp
            cp "$(command -v busybox)" bin/busybox
            for name in sh cat mv rm ls sleep kill head od mkfifo; do ln -sf busybox bin/$name; done
            ln -sf ../../bin/busybox usr/bin/env
            echo before > etc/state; head -c 400000 /dev/urandom > noise
            """)
        return BareMachine(box: box, uuid: uuid, folder: folder)
    }

    /// Files, datasets and their snapshots, as they are now.
    func everything() async throws -> [String] {
        try await TreeListing.of(folder) + box.datasets().filter { $0.contains(uuid) }
            + HostFile.names(in: box.path("var/imgadm/create")) + HostFile.names(in: box.path("var/imgadm/bare"))
    }

    static let fields = ["name=web", "version=1.0.0", "type=lx-dataset", "os=linux"]

    static func script(_ lines: String) -> String {
        """
        #!/bin/sh
        mdata-put prepare-image:state running
        \(lines)

        """
    }
}
