import Host
import HostConfig
import Logging
import SystemPackage
import TestHost

/// A host that has nothing but a folder, which goes with the test.
final class ConfigHost: Sendable {
    static let config = "var/imgadm/imgadm.conf"

    let root = HostRoot(TestFolder.make("config"))

    deinit { TestFolder.remove(root.root) }

    var file: ConfigFile {
        ConfigFile(root: root, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func write(_ text: String, to name: String = ConfigHost.config) throws {
        try HostFile.write(Array(text.utf8), to: root.root.appending(name))
    }

    func read(_ name: String = ConfigHost.config) throws -> String? {
        try HostFile.read(root.root.appending(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What there is in a folder.
    func names(in folder: String) throws -> [String] { try HostFile.names(in: root.root.appending(folder)).sorted() }
}
