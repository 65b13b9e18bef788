import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// What a proxy does to one answer.
public enum Fault: Sendable {
    /// Nothing.
    case pass
    /// Cuts the connection after so many bytes of the body.
    case cut(after: Int)
    /// Sends nothing more after so many bytes of the body, but stays connected.
    case stall(after: Int)
    /// Turns a byte of the body round.
    case corrupt(at: Int)
    /// Answers by itself.
    case status(Int, retryAfter: String? = nil, body: String = "{\"code\":\"Trouble\",\"message\":\"made up\"}")
    /// Answers by itself with these bytes.
    case raw(String)
    /// Says another length than it is.
    case contentLength(Int)
    /// Ends the body early although the head says otherwise, by a clean close.
    case truncate(after: Int)
    /// Has one text in place of another of the same length, in each piece of the body that is text.
    case replace(String, with: String)
    /// Leaves these headers away.
    case withoutHeaders([String])
    /// Sends each piece of the body that much later.
    case late(milliseconds: Int64)
    /// Asks the server only once this is so; it is looked at again and again.
    case held(@Sendable () -> Bool)
    /// Drops the connection without a word.
    case drop
    /// Does this when the server has answered, and drops the connection: what was asked for is done, and nobody learns of it.
    case answered(@Sendable () -> Void)
}

extension Fault: CustomDebugStringConvertible {
    /// Short, also of a long answer: lists of tests are to be read.
    public var debugDescription: String {
        if case .raw(let text) = self { return "raw(\(text.utf8.count) bytes)" }
        guard let (label, value) = Mirror(reflecting: self).children.first else { return "one without values" }
        return "\(label ?? "")(\(value))"
    }
}

extension Fault {
    /// With which these end soon: what stays silent is left after some seconds. Nobody else is hurried.
    public static func environment(_ faults: [Fault], then rest: Fault = .pass) -> [String: String] {
        if case .stall = rest { return ["IMGADM_STALL_TIMEOUT": "0.7"] }
        let isSilent = faults.contains { if case .stall = $0 { true } else { false } }
        // The answer that comes in the end has so long, too.
        return isSilent ? ["IMGADM_STALL_TIMEOUT": "3"] : [:]
    }
}

/// A proxy between imgadm and a server that breaks what goes through it.
public final class FaultProxy: Sendable {
    public let url: String
    private let channel: any Channel
    private let state: State

    final class State: Sendable {
        let target: Int
        let faults: Mutex<[Fault]>
        let rest: Mutex<Fault>
        let path: String
        let isPathWhole: Bool
        let heads = Mutex<[String]>([])

        init(target: Int, faults: [Fault], rest: Fault, path: String, isPathWhole: Bool) {
            self.isPathWhole = isPathWhole
            self.target = target
            self.faults = Mutex(faults)
            self.rest = Mutex(rest)
            self.path = path
        }

        func fault(for head: String) -> Fault {
            guard
                head.split(separator: " ").dropFirst().first.map({ isPathWhole ? $0 == path : $0.contains(path) })
                    == true
            else { return .pass }
            heads.withLock { $0.append(head) }
            return faults.withLock { $0.isEmpty ? nil : $0.removeFirst() } ?? rest.withLock { $0 }
        }
    }

    /// - Parameters:
    ///   - target: the port of the server.
    ///   - faults: for the first requests whose path contains `path`, one each.
    ///   - isPathWhole: for those of just this path.
    ///   - rest: for those after them.
    public init(
        to target: Int, path: String = "/file", isPathWhole: Bool = false, _ faults: [Fault], then rest: Fault = .pass
    ) async throws {
        let state = State(target: target, faults: faults, rest: rest, path: path, isPathWhole: isPathWhole)
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FrontHandler(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        url = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    deinit { channel.close(promise: nil) }

    /// From now on, these faults are for the next requests.
    public func set(_ faults: [Fault], then rest: Fault = .pass) {
        state.faults.withLock { $0 = faults }
        state.rest.withLock { $0 = rest }
    }

    /// The heads of the requests that met a fault, or could have.
    public var requests: [String] { state.heads.withLock { $0 } }
}

/// Reads a request's head, and relays it to the server with the answer's connection to be closed at its end.
private final class FrontHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: FaultProxy.State
    private var received: [UInt8] = []
    private var head = ""
    private var isRelaying = false
    private var back: (any Channel)?

    init(_ state: FaultProxy.State) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard !isRelaying else {
            // The request's body; what comes before the connection is made waits for it.
            if let back { back.writeAndFlush(bytes, promise: nil) } else { received += Array(bytes.readableBytesView) }
            return
        }
        received += Array(bytes.readableBytesView)
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return }
        head = String(decoding: received[..<end], as: UTF8.self)
        received.removeSubrange(..<end)
        isRelaying = true
        let fault = state.fault(for: head)
        let front = context.channel
        switch fault {
        case .drop: front.close(promise: nil)
        case .status(let status, let retryAfter, let body):
            let wait = retryAfter.map { "Retry-After: \($0)\r\n" } ?? ""
            finish(
                front,
                "HTTP/1.1 \(status) Made Up\r\nContent-Type: application/json\r\n\(wait)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            )
        case .raw(let text): finish(front, text)
        case .held(let isFree): hold(isFree, front)
        default: relay(front, fault)
        }
    }

    private func hold(_ isFree: @escaping @Sendable () -> Bool, _ front: any Channel) {
        guard !isFree() else { return relay(front, .pass) }
        front.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { self.hold(isFree, front) }
    }

    private func finish(_ front: any Channel, _ text: String) {
        front.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in front.close(promise: nil) }
    }

    private func relay(_ front: any Channel, _ fault: Fault) {
        let lines = head.components(separatedBy: "\r\n").filter {
            !$0.lowercased().hasPrefix("connection:") && !$0.isEmpty
        }
        let request = lines.joined(separator: "\r\n") + "\r\nConnection: close\r\n\r\n"
        ClientBootstrap(group: front.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BackHandler(front, fault))
                }
            }
            .connect(host: "127.0.0.1", port: state.target)
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let back):
                    back.write(ByteBuffer(string: request), promise: nil)
                    back.writeAndFlush(ByteBuffer(bytes: self.received), promise: nil)
                    self.received = []
                    self.back = back
                case .failure: front.close(promise: nil)
                }
            }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

/// Hands the answer on, with its fault.
private final class BackHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let front: any Channel
    private let fault: Fault
    private var head: [UInt8]? = []
    private var sent = 0
    private var isStopped = false

    init(_ front: any Channel, _ fault: Fault) {
        self.front = front
        self.fault = fault
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isStopped else { return }
        if case .answered(let act) = fault {
            isStopped = true
            act()
            front.close(promise: nil)
            context.close(promise: nil)
            return
        }
        var bytes = Array(unwrapInboundIn(data).readableBytesView)
        if var collected = head {
            collected += bytes
            guard let end = collected.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else {
                head = collected
                return
            }
            head = nil
            bytes = Array(collected[end...])
            write(Array(changed(head: String(decoding: collected[..<end], as: UTF8.self)).utf8))
        }
        body(bytes)
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isStopped else { return }
        if case .late(let milliseconds) = fault {
            let front = front
            front.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds + 50)) {
                front.close(promise: nil)
            }
        } else {
            front.close(promise: nil)
        }
    }

    private func changed(head: String) -> String {
        switch fault {
        case .contentLength(let length):
            replacing(head, "content-length", with: "Content-Length: \(length)\r\n")
        case .withoutHeaders(let names):
            names.reduce(head) { replacing($0, $1.lowercased(), with: "") }
        default: head
        }
    }

    private func replacing(_ head: String, _ name: String, with line: String) -> String {
        head.components(separatedBy: "\r\n").dropLast(2).filter { !$0.lowercased().hasPrefix(name + ":") }
            .joined(separator: "\r\n") + "\r\n\(line)\r\n"
    }

    private func body(_ bytes: [UInt8]) {
        guard !isStopped else { return }
        var bytes = bytes
        switch fault {
        case .corrupt(let place) where place >= sent && place < sent + bytes.count: bytes[place - sent] ^= 0xff
        case .cut(let limit), .stall(let limit), .truncate(let limit):
            guard sent + bytes.count >= limit else { break }
            isStopped = true
            let last = write(Array(bytes.prefix(limit - sent)))
            switch fault {
            case .stall: break
            case .truncate: last.whenComplete { [front] _ in front.close(mode: .all, promise: nil) }
            default:
                // A reset instead of a clean end.
                last.whenComplete { [front] _ in
                    let reset = (front as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                    if let reset {
                        reset.whenComplete { _ in front.close(promise: nil) }
                    } else {
                        front.close(promise: nil)
                    }
                }
            }
            return
        case .replace(let text, let other):
            bytes =
                String(validating: bytes, as: UTF8.self).map { Array($0.replacing(text, with: other).utf8) } ?? bytes
        default: break
        }
        sent += bytes.count
        if case .late(let milliseconds) = fault {
            let piece = bytes
            front.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) { self.write(piece) }
        } else {
            write(bytes)
        }
    }

    @discardableResult
    private func write(_ bytes: [UInt8]) -> EventLoopFuture<Void> { front.writeAndFlush(ByteBuffer(bytes: bytes)) }
}
