import Host
import Synchronization
public import SystemPackage

/// A web server with the files of a folder, as simple or as able as a test wants, which remembers what it was asked.
public final class FileServer: Sendable {
    public struct Abilities: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// It answers `Range`.
        public static let ranges = Abilities(rawValue: 1)
        /// It says of each file what state it has, and says so if that is still the one that a client knows.
        public static let tags = Abilities(rawValue: 2)
        /// It says how long a file is.
        public static let lengths = Abilities(rawValue: 4)
        /// It sends everybody elsewhere first.
        public static let redirects = Abilities(rawValue: 8)
    }

    public let url: String
    private let server: CannedServer

    /// `Last-Modified` of all files.
    public static let modified = "Thu, 14 Aug 2025 22:04:00 GMT"

    /// - Parameter elsewhere: the URL of a server that everybody is sent to, in place of this one.
    public init(
        _ folder: FilePath, _ abilities: Abilities = [.ranges, .tags, .lengths], redirectingTo elsewhere: String? = nil
    ) async throws {
        server = try await CannedServer(bytes: { head in
            if let elsewhere { return Self.redirect(to: elsewhere + Self.path(of: head)) }
            return Self.answer(to: head, folder, abilities)
        })
        url = server.url
    }

    /// Method and path of each request, with the range that it asked for.
    public var requests: [String] {
        server.requests.map { head in
            let words = head.split(separator: " ")
            return "\(words[0]) \(words[1])" + (Self.field("range", of: head).map { " \($0)" } ?? "")
        }
    }

    /// By what each request asked whether a file is still the same; empty where it did not.
    public var conditions: [String] { server.requests.map { Self.field("if-none-match", of: $0) ?? "" } }

    private static func field(_ name: String, of head: String) -> String? {
        let lines = head.split(separator: "\r\n").dropFirst()
        guard let line = lines.first(where: { $0.lowercased().hasPrefix("\(name): ") }) else { return nil }
        return String(line.dropFirst(name.count + 2))
    }

    private static func path(of head: String) -> String {
        head.split(separator: " ").dropFirst().first.map { String($0.prefix { $0 != "?" }) } ?? ""
    }

    private static func redirect(to place: String) -> [UInt8] {
        Array(
            "HTTP/1.1 302 Found\r\nLocation: \(place)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
    }

    private static func answer(to head: String, _ folder: FilePath, _ abilities: Abilities) -> [UInt8]? {
        let path = path(of: head)
        if abilities.contains(.redirects), !path.hasPrefix("/moved/") { return redirect(to: "/moved\(path)") }
        let name = path.hasPrefix("/moved/") ? String(path.dropFirst(7)) : String(path.dropFirst())
        guard let bytes = try? HostFile.read(folder.appending(name), limit: .max) else { return nil }
        // A part of the bytes will do to tell files of tests apart.
        let sample = stride(from: 0, to: bytes.count, by: 499).reduce(0) { ($0 &* 31) &+ Int(bytes[$1]) }
        let tag = "\"\(bytes.count)-\(sample)\""
        var fields = "Connection: close\r\n"
        if abilities.contains(.tags) {
            fields += "ETag: \(tag)\r\nLast-Modified: \(modified)\r\n"
            if field("if-none-match", of: head) == tag {
                return Array("HTTP/1.1 304 Not Modified\r\n\(fields)\r\n".utf8)
            }
        }
        var status = "200 OK"
        var part = bytes[...]
        if abilities.contains(.ranges), let range = field("range", of: head)?.dropFirst("bytes=".count) {
            let ends = range.split(separator: "-").map { Int($0) ?? 0 }
            part = bytes[min(ends.first ?? 0, bytes.count)...]
            if ends.count == 2 { part = part.prefix(max(0, ends[1] + 1 - part.startIndex)) }
            status = "206 Partial Content"
            fields += "Content-Range: bytes \(part.startIndex)-\(part.endIndex - 1)/\(bytes.count)\r\n"
        }
        if abilities.contains(.lengths) { fields += "Content-Length: \(part.count)\r\n" }
        return Array("HTTP/1.1 \(status)\r\n\(fields)\r\n".utf8) + part
    }
}
