import Synchronization
import TestHost

/// Images that many tests use, made once, and the server that has them.
struct Fixture: Sendable {
    let workshop: ImageWorkshop
    let server: TestServer
    /// A chain three deep, each its own compression.
    let base: TestImage
    let middle: TestImage
    let top: TestImage

    private static let shared = Mutex<Task<Fixture, any Error>?>(nil)

    static func get() async throws -> Fixture {
        let task = shared.withLock { shared in
            if let shared { return shared }
            let task = Task { try await make() }
            shared = task
            return task
        }
        return try await task.value
    }

    private static func make() async throws -> Fixture {
        let workshop = try await ImageWorkshop.make()
        let base = try await workshop.make(name: "base", compression: "gzip")
        let middle = try await workshop.make(name: "middle", compression: "xz", origin: base)
        let top = try await workshop.make(name: "top", compression: "zstd", origin: middle)
        return Fixture(
            workshop: workshop, server: try TestServer(workshop.folder), base: base, middle: middle, top: top)
    }
}
