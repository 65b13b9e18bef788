import Failure
import Glibc
import IMGAPI
import ImageModel
import Logging
import NIOCore
import OCIRegistry
import Synchronization
import Testing
import Transport

/// The whole HTTP client against a server that sends hostile bytes: nothing traps, nothing hangs, and memory stays what it
/// is. In a run of this suite alone, `IMGADM_FUZZ_ANSWERS` says how many answers there are (some thousands), and what only such
/// a run can measure is judged, too: time and memory. `IMGADM_FUZZ_SEED` says where the numbers begin.
@Suite struct ClientFuzzTests {
    private static func setting(_ name: String, _ standard: UInt64) -> UInt64 {
        unsafe getenv(name).flatMap { unsafe UInt64(String(cString: $0)) } ?? standard
    }

    private static let wanted = setting("IMGADM_FUZZ_ANSWERS", 1000)
    private static let isAlone = unsafe getenv("IMGADM_FUZZ_ANSWERS") != nil
    private static let seed = setting("IMGADM_FUZZ_SEED", 1)
    /// How long a question may take that is put to a server which hangs at every try.
    private static let longest: Duration = .seconds(60)

    private let log = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

    @Test func hostileAnswersEndAsErrors() async throws {
        let number = Counter()
        let port = Counter()
        let server = try await RawServer { head in
            let seed = ClientFuzzTests.seed &+ number.next()
            var answers = HostileAnswers(seed: seed, port: Int(port.value))
            return answers.answer(to: head)
        }
        port.set(UInt64(server.port))
        var settings = TransportSettings()
        settings.connectTimeout = .seconds(10)
        settings.stallTimeout = .seconds(2)
        settings.replyTimeout = .seconds(10)
        settings.longestRetryAfter = .milliseconds(5)
        settings.patience = .zero
        settings.firstPause = .microseconds(100)
        settings.leastRate = 0
        // Each makes eight connections to a server at a time.
        let senders = (0..<16).map { _ in NetworkSender(settings: settings) }
        let transports = senders.map { Transport(sender: $0, settings: settings, log: log) }

        let tally = Tally()
        let settled = Counter()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<256 {
                group.addTask {
                    var kind = worker
                    while number.value < ClientFuzzTests.wanted {
                        kind += 1
                        let start = ContinuousClock.now
                        do {
                            try await ask(kind % 8, server.url, transports[worker % 16])
                            tally.note(isDone: true, start.duration(to: .now))
                        } catch is any CodedError {
                            tally.note(isDone: false, start.duration(to: .now))
                        } catch {
                            Issue.record("an error that is no Failure: \(type(of: error)) \(error)")
                        }
                        // What libraries keep for later is there after the first tenth.
                        if number.value >= ClientFuzzTests.wanted / 10 {
                            if settled.value == 0 { settled.set(UInt64(residentPages())) }
                        }
                    }
                }
            }
        }
        for sender in senders { await sender.shutDown() }
        let growth = (residentPages() - Int(settled.value)) * 4096
        let (done, refused, slowest) = tally.all
        print(
            "fuzz: \(number.value) answers to \(done + refused) questions, \(refused) of them refused; memory grew by \(growth >> 20) MiB; the slowest took \(slowest)"
        )
        #expect(done > 0 && refused > 0)
        // Beside other tests, which are in the same process, neither is the client's alone; that nothing hangs, the end of the group tells.
        if ClientFuzzTests.isAlone { #expect(slowest < ClientFuzzTests.longest && growth < 96 << 20) }
    }

    private final class Counter: Sendable {
        private let atomic = Atomic<UInt64>(0)

        var value: UInt64 { atomic.load(ordering: .relaxed) }
        func next() -> UInt64 { atomic.wrappingAdd(1, ordering: .relaxed).newValue }
        func set(_ value: UInt64) { atomic.store(value, ordering: .relaxed) }
    }

    /// How questions ended.
    private final class Tally: Sendable {
        private let counts = Mutex((done: 0, refused: 0, slowest: Duration.zero))

        var all: (done: Int, refused: Int, slowest: Duration) { counts.withLock { $0 } }

        func note(isDone: Bool, _ time: Duration) {
            counts.withLock { counts in
                if isDone { counts.done += 1 } else { counts.refused += 1 }
                counts.slowest = max(counts.slowest, time)
            }
        }
    }

    private func residentPages() -> Int {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 200)
        guard unsafe fgets(&line, 200, file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    private func ask(_ kind: Int, _ url: String, _ transport: Transport) async throws {
        let uuid = try #require(ImageUUID(HostileAnswers.uuid))
        let images = IMGAPIClient(base: url, channel: nil, insecure: false, requestID: "\(uuid)", transport: transport)
        let registry = RegistryClient(
            RegistryEndpoint(source: try ServerURL(url), insecure: false), credentials: NoCredentials(),
            transport: transport, log: log)
        let reference = try DockerReference("\(url.dropFirst(7))/a/b:1")
        let platform = OCIPlatform(os: "linux", architecture: "amd64")
        switch kind {
        case 0: _ = try await transport.reply(to: HTTPRequest(url: url + "/x"), limit: 60_000)
        case 1: try await images.ping()
        case 2: _ = try await images.list()
        case 3: _ = try await images.image(uuid)
        case 4: try await registry.ping()
        case 5:
            let image = try await registry.image(reference, for: platform)
            _ = try await registry.config(of: image, reference, for: platform)
        case 6:
            let repository = registry.repository("a/b")
            _ = try await repository.tags()
            _ = try await repository.artifact("1")
        default:
            let download = Download(
                DownloadRequest(images.fileRequest(uuid), size: nil, offset: 5, isChecked: true), by: transport)
            while let chunk = try await download.next() {
                if chunk.readableBytes == 0 { break }
            }
        }
    }
}
