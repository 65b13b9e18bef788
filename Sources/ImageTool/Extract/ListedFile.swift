import Host
import SendStream
import Tar
import Time

/// A file in an image file, as listings show it.
public struct ListedFile: Sendable {
    /// The letter of `ls -l`; `h` for a further name of a file.
    let kind: Character
    let permissions: UInt32
    let owner: UInt32?
    let group: UInt32?
    let size: UInt64
    let device: (major: UInt32, minor: UInt32)?
    let modified: Int64
    /// As it stands.
    public let path: [UInt8]
    let target: [UInt8]?

    /// A line as that of `tar tv`, with the time in UTC. What is not UTF-8 in names is replaced.
    public var line: String {
        let bits = Array("rwxrwxrwx")
        var mode = (0..<9).map { permissions >> (8 - $0) & 1 == 1 ? bits[$0] : "-" }
        for (place, bit, letter) in [(2, 11, "s"), (5, 10, "s"), (8, 9, "t")] where permissions >> bit & 1 == 1 {
            mode[place] = mode[place] == "x" ? Character(letter) : Character(letter.uppercased())
        }
        let who = "\(owner.map { "\($0)" } ?? "?")/\(group.map { "\($0)" } ?? "?")"
        let size = device.map { "\($0.major),\($0.minor)" } ?? "\(size)"
        let pad = String(repeating: " ", count: max(1, 24 - who.count - size.count))
        var line = "\(kind)\(String(mode)) \(who)\(pad)\(size) \(Self.time(modified)) \(Self.text(path))"
        if let target { line += kind == "h" ? " link to \(Self.text(target))" : " -> \(Self.text(target))" }
        return line
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// To the minute. What is farther off than a calendar goes is shown as a number.
    private static func time(_ seconds: Int64) -> String {
        guard seconds.magnitude < 1 << 36 else { return "@\(seconds)" }
        let text = Timestamp(milliseconds: seconds * 1000).description
        return String(text.prefix(16)).replacing("T", with: " ")
    }

    init(_ entry: FileSystemEntry) {
        let attributes = entry.attributes
        let letters: [FileAttributes.Kind: Character] = [
            .directory: "d", .symbolicLink: "l", .characterDevice: "c", .blockDevice: "b", .fifo: "p", .socket: "s",
            .other: "?",
        ]
        kind = entry.firstPath == nil ? letters[attributes.kind] ?? "-" : "h"
        permissions = attributes.permissions
        owner = attributes.owner
        group = attributes.group
        size = attributes.kind == .file && entry.firstPath == nil ? attributes.size : 0
        let isDevice = attributes.kind == .characterDevice || attributes.kind == .blockDevice
        device = isDevice ? (attributes.deviceMajor, attributes.deviceMinor) : nil
        modified = attributes.modified
        path = entry.path.isEmpty ? Array(".".utf8) : entry.path
        target = entry.firstPath ?? (attributes.linkTarget.isEmpty ? nil : attributes.linkTarget)
    }

    init(_ entry: TarEntry) {
        let letters: [TarEntry.Kind: Character] = [
            .directory: "d", .symbolicLink: "l", .characterDevice: "c", .blockDevice: "b", .fifo: "p", .hardLink: "h",
        ]
        kind = letters[entry.kind] ?? "-"
        permissions = entry.mode
        owner = entry.uid
        group = entry.gid
        size = entry.size
        let isDevice = entry.kind == .characterDevice || entry.kind == .blockDevice
        device = isDevice ? (entry.deviceMajor, entry.deviceMinor) : nil
        modified = entry.modified.seconds
        path = entry.path
        target = entry.linkTarget.isEmpty ? nil : entry.linkTarget
    }
}
