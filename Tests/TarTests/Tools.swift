import Foundation
import Testing

/// A folder with a tree in it, and what the file system says of each entry.
struct Tree {
    let folder: URL

    /// - Parameter script: makes the tree; it is run by `sh` in the folder `tree`, as root or not.
    init(_ script: String) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tar-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appending(path: "tree"), withIntermediateDirectories: true)
        try run("cd tree && { \(script); }")
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// The archive that a command makes; it is run in the folder above `tree` and writes to standard output.
    func pack(_ command: String) throws -> [UInt8] {
        try run("{ \(command); } > packed")
        return try Array(Data(contentsOf: folder.appending(path: "packed")))
    }

    func run(_ command: String) throws {
        let script = folder.appending(path: "script")
        try Data("set -e; cd '\(folder.path)'; \(command)\n".utf8).write(to: script)
        let status = unsafe system("sh '\(script.path)'")
        guard status == 0 else { throw ToolFailed(command: command, status: status) }
    }

    /// What the file system has under a path of an archive.
    func status(_ path: String) throws -> stat {
        var status = stat()
        guard unsafe lstat(folder.appending(path: "tree").path + "/" + path, &status) == 0 else {
            throw ToolFailed(command: "lstat \(path)", status: errno)
        }
        return status
    }

    func content(_ path: String) throws -> [UInt8] {
        try Array(Data(contentsOf: folder.appending(path: "tree/\(path)")))
    }

    func target(_ path: String) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: folder.appending(path: "tree/\(path)").path)
    }

    /// How many entries there are, the folder itself among them.
    func count() throws -> Int {
        1 + (FileManager.default.subpaths(atPath: folder.appending(path: "tree").path)?.count ?? 0)
    }
}

struct ToolFailed: Error {
    let command: String
    let status: Int32
}

/// A command that packs the folder `tree`, and what its format can hold.
struct Writer: Sendable, CustomTestStringConvertible {
    let command: String
    var testDescription: String { command }

    init(_ command: String) { self.command = command }

    static func gnu(_ options: String) -> Writer { Writer("tar -C tree \(options) -cf - .") }
    static func bsd(_ options: String) -> Writer { Writer("bsdtar -C tree \(options) -cf - .") }
    static func python(_ format: String) -> Writer {
        Writer(
            "cd tree && python3 -c 'import sys, tarfile; "
                + "tarfile.open(fileobj=sys.stdout.buffer, mode=\"w|\", format=tarfile.\(format)_FORMAT).add(\".\")'")
    }

    /// Formats of 1979 and 1988, with short names and small numbers.
    static let old = [gnu("--format=v7"), gnu("--format=ustar"), bsd("--format=ustar"), python("USTAR")]
    /// Formats that hold whatever there is.
    static let new = [
        gnu("--format=oldgnu"), gnu("--format=gnu"), gnu("--format=posix"), bsd("--format=gnutar"), bsd("--format=pax"),
        python("GNU"), python("PAX"), gnu("--format=posix --xattrs --xattrs-include=*"),
        gnu("--format=gnu --incremental"),
    ]
}
