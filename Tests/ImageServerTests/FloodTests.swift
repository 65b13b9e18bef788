import Glibc
import Host
import ImageModel
import NIOPosix
import SystemPackage
import TestHost
import Testing

/// Whatever clients do, in whatever numbers, the server stays up and its memory stays as it is.
@Suite(.serialized) struct FloodTests {
    /// The resident memory of the server, in KiB.
    private static func memory(_ server: TestServer) throws -> Int {
        let status =
            try HostFile.read(FilePath("/proc/\(server.pid)/status")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return try #require(line?.split(separator: " ").dropLast().last.flatMap { Int($0) })
    }

    /// A connection on which nobody waits for long.
    private static func connect(_ port: Int) -> Int32? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if connected == 0 { return socket }
        Glibc.close(socket)
        return nil
    }

    private static func send(_ bytes: [UInt8], on socket: Int32) {
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Sends requests that mean nothing, or nearly something: one a connection, or several.
    private static func flood(_ port: Int, count: Int, seed: UInt64) {
        var random = Seeded(state: seed)
        var sink = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<count {
            guard let socket = connect(port) else { continue }
            send(HostileRequest.make(using: &random), on: socket)
            shutdown(socket, Int32(SHUT_WR))
            while unsafe sink.withUnsafeMutableBytes({ unsafe recv(socket, $0.baseAddress, $0.count, 0) }) > 0 {}
            Glibc.close(socket)
        }
    }

    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static func floodAll(_ port: Int, count: Int, seed: UInt64) async throws {
        // Threads of its own: servers of other tests read their files on those of the singleton.
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<4 {
                group.addTask {
                    try await threads.runIfActive {
                        flood(port, count: count / 4, seed: seed &+ UInt64(part) &* 7919)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await threads.shutdownGracefully()
    }

    /// How many: `IMGADM_TEST_FLOOD=1000000` for the whole.
    private static let requests = ProcessEnvironment.variables["IMGADM_TEST_FLOOD"].flatMap { Int($0) } ?? 4000

    @Test func badRequestsInGreatNumbers() async throws {
        let root = try ImageRoot()
        try root.add(ImageUUID())
        // What writes is reached, too.
        let server = try TestServer(root.path, arguments: ["--writes", "anyone"])
        try await Self.floodAll(server.port, count: Self.requests / 4, seed: .random(in: 0 ... .max))
        let before = try Self.memory(server)
        try await Self.floodAll(server.port, count: Self.requests, seed: .random(in: 0 ... .max))
        let after = try Self.memory(server)
        #expect(after < before + (24 << 10), "from \(before) to \(after) KiB")
        #expect(try await RunningServer(port: server.port).get("/images").list("name") == ["test"])
    }

    @Test func manyWhoTakeNothing() async throws {
        let root = try ImageRoot()
        let uuid = ImageUUID()
        try root.add(uuid, zeros: 64 << 20)
        let server = try TestServer(root.path)
        let before = try Self.memory(server)
        let sockets = (0..<200).compactMap { _ in Self.connect(server.port) }
        defer { for socket in sockets { Glibc.close(socket) } }
        #expect(sockets.count == 200)
        // Half want a file and take nothing of it, half do not even end their request.
        for (number, socket) in sockets.enumerated() {
            let head = "GET /images/\(uuid)/file HTTP/1.1\r\nHost: x\r\n"
            Self.send(Array((number.isMultiple(of: 2) ? head + "\r\n" : head).utf8), on: socket)
        }
        try await Task.sleep(for: .seconds(2))
        let after = try Self.memory(server)
        // A piece or two each.
        #expect(after < before + (200 << 10), "from \(before) to \(after) KiB")
        #expect(try await RunningServer(port: server.port).get("/ping").status == 200)
    }
}
