import TestHost

/// Images that many tests use, made once, and the server that has them.
struct Fixture: Sendable {
    let workshop: ImageWorkshop
    let server: TestServer
    /// A chain three deep, each its own compression.
    let base: TestImage
    let middle: TestImage
    let top: TestImage

    /// A server that has these images, and one made since, in that storage.
    func server(on storage: ImageStorage, with image: TestImage? = nil) async throws -> TestServer {
        switch storage {
        case .folder: return server
        case .registry:
            let shared = try await StorageFixture.get()
            try await Tool.run(
                Binaries.server, "mirror", "--registry", "\(shared.registry.url)/vm/images", "--from", server.url,
                "uuid=\(image?.uuid ?? top.uuid)")
            return shared.server
        }
    }

    private static let shared = MadeOnce { try await make() }

    static func get() async throws -> Fixture { try await shared.get() }

    private static func make() async throws -> Fixture {
        let workshop = try await ImageWorkshop.make()
        let base = try await workshop.make(name: "base", compression: "gzip")
        let middle = try await workshop.make(name: "middle", compression: "xz", origin: base)
        let top = try await workshop.make(name: "top", compression: "zstd", origin: middle)
        return Fixture(
            workshop: workshop, server: try TestServer(workshop.folder), base: base, middle: middle, top: top)
    }
}

/// What a server may keep its images in.
enum ImageStorage: String, CaseIterable, Sendable { case folder, registry }

/// A registry and a server on it, for all tests.
struct StorageFixture: Sendable {
    let registry: RegistryServer
    let server: TestServer

    private static let shared = MadeOnce {
        let registry = try await RegistryServer()
        return StorageFixture(registry: registry, server: try TestServer(registry))
    }

    static func get() async throws -> StorageFixture { try await shared.get() }
}
