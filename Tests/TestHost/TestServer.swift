import Host
public import SystemPackage

/// Our image server on loopback.
public final class TestServer: Sendable {
    public let url: String
    public let port: Int
    private let process: ServerProcess

    /// Serves a folder.
    public convenience init(_ folder: FilePath, arguments: [String] = [], scheme: String = "http") throws {
        try self.init(["--root", folder.string] + arguments, scheme: scheme)
    }

    /// Serves a repository of a registry.
    public convenience init(_ registry: RegistryServer, arguments: [String] = []) throws {
        try self.init(["--registry", "\(registry.url)/vm/images"] + arguments)
    }

    /// Starts the server and waits until it listens.
    ///
    /// - Parameter port: where; any that is free if 0.
    public init(_ arguments: [String], scheme: String = "http", port: Int = 0) throws {
        process = try ServerProcess([Binaries.server, "--listen", "127.0.0.1:\(port)"] + arguments)
        let line = try process.nextLine()
        guard line.hasPrefix("listening on \(scheme)://"),
            let port = line.split(separator: ":").last.flatMap({ Int($0) })
        else { throw Errno.connectionRefused }
        url = "\(scheme)://127.0.0.1:\(port)"
        self.port = port
    }

    /// Its process.
    public var pid: Int32 { process.pid }

    /// Ends it at once, as a crash would.
    public func kill() { process.kill() }
}
