import Crypto
import Glibc
import Host
import ImageModel
import JSON
import RawBytes
import Synchronization
import SystemPackage
import TestHost
import Testing

/// Three servers on one registry behind a proxy, of which one is killed in the middle of a step: at each answer of the registry that it waits for. The
/// step, typed again through the proxy, completes, or says that it has been done; and at no time is anything half visible.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProxyKillTests {
    /// What is done through the proxy, each on what the one before has left.
    enum Step: String, CaseIterable, Sendable {
        case create, addFile, icon, activate, channelAdd, list, download, delete

        /// What makes an image such that this step comes next.
        var earlier: [Step] { Step.allCases.prefix { $0 != self }.filter { $0 != .list && $0 != .download } }
    }

    /// So many answers are waited for by none of the steps.
    private static let mostAnswers = 40

    /// Each proxy has a moment of its own, or all of them where IMGADM_ALL_KILLS is set.
    private static let every = ProcessEnvironment.variables["IMGADM_ALL_KILLS"] == nil ? mostAnswers : 1
    private static let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 11 ^ $0 >> 8) }
    private static let sha1 = Hexadecimal.text(Insecure.SHA1.hash(data: bytes))
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]

    @Test(arguments: ImageProxy.Kind.installed) func aServerMayDieInTheMiddleOfAnyStep(kind: ImageProxy.Kind)
        async throws
    {
        let stage = try await Stage(kind)
        var kills: [Step: Int] = [:]
        // The image that is there, and what it has come through.
        var (uuid, taken) = (ImageUUID(), [Step]())
        for step in Step.allCases {
            for answers in stride(from: kind.first, to: Self.mostAnswers, by: Self.every) {
                if taken != step.earlier {
                    try await stage.clear(uuid)
                    uuid = ImageUUID()
                    for earlier in step.earlier {
                        let reply = try await stage.take(earlier, uuid, directly: true)
                        try #require((200..<300).contains(reply.status), "\(earlier): \(reply)")
                    }
                }
                // As it is at the end of each turn, and before the first of the next step.
                taken = step == .list || step == .download ? step.earlier : step.earlier + [step]
                try await stage.rest()
                let death = stage.arm(answers)
                let first = try? await stage.take(step, uuid)
                stage.disarm()
                guard death.hasCome() else {
                    // It came through before so many answers.
                    #expect(
                        first.map { (200..<300).contains($0.status) } == true, "\(step): \(first?.status ?? 0)")
                    try await stage.check(uuid, after: step, "\(kind), \(step)", isDone: true)
                    break
                }
                kills[step, default: 0] += 1
                let what =
                    "\(kind), \(step), killed after \(answers) answers; first \(first.map { "\($0.status) \($0.code ?? "")" } ?? "broken off")"
                try await stage.check(uuid, after: step, what)
                // Typed again.
                do {
                    let again = try await stage.take(step, uuid)
                    #expect(Self.isDone(step, again), "\(what); again: \(again.status) \(again.text.prefix(300))")
                } catch {
                    Issue.record("\(what); again: \(error)")
                }
                try await stage.check(uuid, after: step, what, isDone: true)
                try await stage.revive()
            }
        }
        try await stage.clear(uuid)
        // What is read may be known already; and some steps are short.
        #expect(kills.count >= 2, "\(kind): \(kills)")
        if Self.every == 1 {
            for step in Step.allCases where step != .list { #expect(kills[step, default: 0] > 0, "\(kind): \(step)") }
        }
    }

    /// It completes, or says that it is done.
    private static func isDone(_ step: Step, _ reply: Reply) -> Bool {
        if (200..<300).contains(reply.status) { return true }
        switch step {
        case .create: return reply.code == "ImageUuidAlreadyExists"
        case .activate: return reply.code == "ImageAlreadyActivated"
        case .delete: return reply.code == "ResourceNotFound"
        case .addFile, .icon, .channelAdd, .list, .download: return false
        }
    }

    /// Three servers, each with a road of its own to the registry, and the proxy before them.
    private final class Stage: Sendable {
        private let registry: RegistryServer
        private let roads: [FaultProxy]
        private let servers: Mutex<[TestServer]>
        private let kind: ImageProxy.Kind
        private let proxy: Mutex<ImageProxy?>
        private let folder: FilePath

        init(_ kind: ImageProxy.Kind) async throws {
            self.kind = kind
            folder = TestFolder.makeLasting("proxied")
            try HostFile.write(
                Array(#"[{"name":"dev","default":true},{"name":"release"}]"#.utf8),
                to: folder.appending("channels.json"))
            try HostFile.write(ProxyKillTests.bytes, to: folder.appending("file"))
            registry = try await RegistryServer()
            var roads: [FaultProxy] = []
            for _ in 0..<3 { roads.append(try await FaultProxy(to: registry.port, path: "/v2/", [])) }
            self.roads = roads
            let started = try roads.map { [folder] in try TestServer(Stage.arguments($0, folder)) }
            servers = Mutex(started)
            proxy = Mutex(try await ImageProxy(kind, in: folder.appending("run"), ports: started.map(\.port)))
        }

        private static func arguments(_ road: FaultProxy, _ folder: FilePath) -> [String] {
            ["--registry", "\(road.url)/vm/images", "--channels", "\(folder)/channels.json"]
        }

        /// The server that is the first to have had so many answers of the registry dies at the last of them, which it does not see.
        ///
        /// - Returns: whether one has died.
        func arm(_ answers: Int) -> DeathMark {
            let mark = DeathMark()
            for (place, road) in roads.enumerated() {
                road.set(
                    Array(repeating: .pass, count: answers - 1) + [
                        .answered { [self] in mark.set { server(place).kill() } }
                    ])
            }
            return mark
        }

        func disarm() { for road in roads { road.set([]) } }

        private func server(_ place: Int) -> TestServer { servers.withLock { $0[place] } }
        private var ports: [Int] { servers.withLock { $0.map(\.port) } }

        /// Waits until no server has anything to say to the registry.
        func rest() async throws {
            var before = -1
            while true {
                let now = roads.reduce(0) { $0 + $1.requests.count }
                if now == before { return }
                before = now
                try await Task.sleep(for: .milliseconds(150))
            }
        }

        /// Starts what has died again, where it was, and the proxy, which would leave that server alone for a while.
        func revive() async throws {
            for (place, road) in roads.enumerated() where try await !answers(RunningServer(port: server(place).port)) {
                let port = server(place).port
                let new = try TestServer(Stage.arguments(road, folder), port: port)
                servers.withLock { $0[place] = new }
            }
            proxy.withLock { $0 = nil }
            let new = try await ImageProxy(kind, in: folder.appending("run"), ports: ports)
            proxy.withLock { $0 = new }
        }

        private func answers(_ server: RunningServer) async throws -> Bool {
            (try? await server.get("/ping").status) == 200
        }

        /// - Parameter directly: not through the proxy.
        func take(_ step: Step, _ uuid: ImageUUID, directly: Bool = false) async throws -> Reply {
            let server = RunningServer(port: directly ? ports[0] : proxy.withLock { $0?.port } ?? 0)
            let image = "/images/\(uuid)"
            switch step {
            case .create:
                return try await server.send("POST", "\(image)?action=import", body: AccessTests.manifest(uuid))
            case .addFile:
                // It reads while it writes: of what a proxy answers early, the rest need not be taken.
                let said = try await Tool.shell(
                    """
                    curl -s -i -H Expect: -T '\(folder)/file' \
                        'http://127.0.0.1:\(server.port)\(image)/file?compression=none&sha1=\(ProxyKillTests.sha1)'
                    """)
                return Reply(Array(said.utf8))
            case .icon:
                return try await server.send(
                    "PUT", "\(image)/icon", bytes: ProxyKillTests.png,
                    ["Content-Length": "\(ProxyKillTests.png.count)", "Content-Type": "image/png"])
            case .activate: return try await server.send("POST", "\(image)?action=activate", body: "{}")
            case .channelAdd:
                return try await server.send("POST", "\(image)?action=channel-add", body: #"{"channel":"release"}"#)
            case .list: return try await server.get("/images?name=x")
            case .download:
                let reply = try await server.get("\(image)/file")
                // What is cut short is seen by its length.
                if reply.status == 200, reply.body.count != ProxyKillTests.bytes.count { throw Errno.connectionReset }
                return reply
            case .delete: return try await server.send("DELETE", "\(image)?force_all_channels=true")
            }
        }

        /// Of what a server shows each image is whole; and this one is as it was before the step or after it.
        func check(_ uuid: ImageUUID, after step: Step, _ what: String, isDone: Bool = false) async throws {
            for port in ports {
                let server = RunningServer(port: port)
                guard try await answers(server) else { continue }
                // What it knows of an image may be a second old.
                #expect(try await server.send("POST", "/state?action=dropcaches", body: "").status == 202, "\(what)")
                // Of each image once: it does not change in between.
                var files: Set<String> = []
                func checkFile(_ image: JSONValue) async throws {
                    #expect(
                        image["files"]?[0]?["sha1"]?.stringValue == ProxyKillTests.sha1, "\(what): \(image.text())")
                    let uuid = image["uuid"]?.stringValue ?? ""
                    guard files.insert(uuid).inserted else { return }
                    let file = try await server.get("/images/\(uuid)/file?channel=*")
                    #expect(
                        file.status == 200 && file.body == ProxyKillTests.bytes,
                        "\(what): \(file.status), \(file.body.count) bytes")
                }
                for target in ["/images?name=x&channel=*", "/images?channel=*"] {
                    let list = try await server.get(target, ["Accept-Version": "~2"])
                    #expect(list.status == 200, "\(what): \(list.status) \(list.text.prefix(600))")
                    for image in list.json?.arrayValue ?? [] {
                        #expect(image["state"] == "active", "\(what): \(image.text())")
                        try await checkFile(image)
                    }
                }
                let reply = try await server.get("/images/\(uuid)?channel=*", ["Accept-Version": "~2"])
                guard reply.status == 200, let image = reply.json else {
                    #expect(
                        reply.status == 404 && (step == .delete || step == .create && !isDone),
                        "\(what): \(reply.status) \(reply.text.prefix(600))")
                    continue
                }
                #expect(step != .delete || !isDone, "\(what): \(reply.status) \(reply.text.prefix(600))")
                if image["files"]?.arrayValue?.isEmpty == false { try await checkFile(image) }
                if image["icon"] == true {
                    #expect(try await server.get("/images/\(uuid)/icon").body == ProxyKillTests.png, "\(what)")
                }
                guard isDone, let place = Step.allCases.firstIndex(of: step) else { continue }
                let steps = Step.allCases[...place]
                #expect(
                    (image["files"]?.arrayValue?.count == 1) == steps.contains(.addFile),
                    "\(what): \(reply.status) \(reply.text.prefix(600))")
                #expect(
                    (image["icon"] == true) == steps.contains(.icon),
                    "\(what): \(reply.status) \(reply.text.prefix(600))")
                #expect(
                    (image["state"] == "active") == steps.contains(.activate),
                    "\(what): \(reply.status) \(reply.text.prefix(600))")
                #expect(
                    image["channels"] == (steps.contains(.channelAdd) ? ["dev", "release"] : ["dev"]),
                    "\(what): \(reply.status) \(reply.text.prefix(600))")
            }
        }

        func clear(_ uuid: ImageUUID) async throws {
            let reply = try await RunningServer(port: ports[0]).send(
                "DELETE", "/images/\(uuid)?force_all_channels=true")
            #expect([204, 404].contains(reply.status), "\(reply)")
        }
    }

    /// The one death there is.
    private final class DeathMark: Sendable {
        private enum State { case awaited, come, over }
        private let state = Mutex(State.awaited)

        func set(_ kill: () -> Void) {
            state.withLock { state in
                guard state == .awaited else { return }
                kill()
                state = .come
            }
        }

        /// Whether it has come; if not, it does not come any more.
        func hasCome() -> Bool {
            state.withLock { state in
                if state == .awaited { state = .over }
                return state == .come
            }
        }
    }
}

extension ImageProxy.Kind {
    /// The first answer after which a server dies.
    fileprivate var first: Int {
        switch self {
        case _ where ProcessEnvironment.variables["IMGADM_ALL_KILLS"] != nil: 1
        case .nginx: 1
        case .haproxy: 3
        case .caddy: 5
        }
    }
}
