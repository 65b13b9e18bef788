import Host
public import SystemPackage

/// Our image server, serving a folder on loopback.
public final class TestServer: Sendable {
    public let url: String
    public let port: Int
    private let process: ServerProcess

    /// Starts the server and waits until it listens.
    public init(_ folder: FilePath, arguments: [String] = []) throws {
        process = try ServerProcess(
            [Binaries.server, "--root", folder.string, "--listen", "127.0.0.1:0"] + arguments)
        let line = try process.firstLine()
        guard line.hasPrefix("listening on http://"), let port = line.split(separator: ":").last.flatMap({ Int($0) })
        else { throw Errno.connectionRefused }
        url = "http://127.0.0.1:\(port)"
        self.port = port
    }
}
