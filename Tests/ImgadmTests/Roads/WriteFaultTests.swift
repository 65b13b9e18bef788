import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What networks and registries do to `push` and to `publish oci://…`: it is done after all, or ends with an error, and is
    /// done when it is typed again.
    @Suite struct WriteFaultTests {
        enum Command: String, CaseIterable, Sendable { case push, publish }

        /// By the parts of a registry that are written to.
        private static let passing: [(path: String, faults: [Fault])] = [
            ("/blobs/uploads/", [.drop, .cut(after: 0)]),
            ("/blobs/uploads/", [.status(429, retryAfter: "1"), .status(503)]),
            ("/blobs/uploads/", [.pass, .pass, .answered {}]),
            ("/manifests/", [.answered {}]),
            ("/manifests/", [.status(500), .status(503, retryAfter: "1")]),
            ("/manifests/", [.pass, .drop]),
        ]
        private static let lasting: [(path: String, fault: Fault)] = [
            ("/blobs/uploads/", .drop), ("/blobs/uploads/", .status(429)),
            ("/blobs/uploads/", .status(503, retryAfter: "3600")), ("/manifests/", .drop),
            ("/manifests/", .status(500)),
            ("/manifests/", .answered {}),
        ]

        /// An empty place of a registry, a proxy before it, and what is to be sent.
        private struct Stage {
            let registry: RegistryServer
            let place = "write/\(TestUUID.make())"
            let proxy: FaultProxy
            let box: Sandbox
            let images: Fixture

            static func make(_ command: Command, path: String, _ faults: [Fault], then rest: Fault = .pass) async throws
                -> Stage
            {
                let registry = try await RegistryFixture.get().registry
                let stage = Stage(
                    registry: registry, proxy: try await FaultProxy(to: registry.port, path: path, faults, then: rest),
                    box: try await Sandbox.make(), images: try await Fixture.get())
                let image = stage.images.base
                switch command {
                case .publish:
                    try stage.box.write(JSONValue.object(image.manifest).text(), to: "image.json")
                case .push:
                    try stage.box.use(stage.images.server.url)
                    let run = try await stage.box.imgadm("import", "-q", image.uuid)
                    try #require(run.status == 0, "\(run)")
                }
                return stage
            }

            func run(_ command: Command) async throws -> Sandbox.Run {
                let host = proxy.url.dropFirst("http://".count)
                switch command {
                case .push: return try await box.imgadm("push", images.base.uuid, "\(host)/\(place)/web:1")
                case .publish:
                    return try await box.imgadm(
                        "publish", "-m", box.path("image.json").string, "-f", images.base.file.string,
                        "oci://\(host)/\(place)/images")
                }
            }

            /// Others can take what is in the registry.
            func expectDone(_ command: Command, _ what: String) async throws {
                let other = try await Sandbox.make()
                let run: Sandbox.Run
                switch command {
                case .push: run = try await other.imgadm("import", "-q", "docker:\(registry.host)/\(place)/web:1")
                case .publish:
                    try other.use("oci://\(registry.host)/\(place)/images", type: "oci")
                    run = try await other.imgadm("import", "-q", images.base.uuid)
                }
                #expect(run.status == 0, "\(what): \(run)")
                #expect(try await other.datasets().count == 2)
            }
        }

        @Test(arguments: Command.allCases, passing)
        func whatPassesIsOvercome(command: Command, trouble: (path: String, faults: [Fault])) async throws {
            let stage = try await Stage.make(command, path: trouble.path, trouble.faults)
            let run = try await stage.run(command)
            let what = "\(command), \(trouble)"
            #expect(run.status == 0, "\(what): \(run)")
            #expect(stage.proxy.requests.count > trouble.faults.count, "\(what)")
            try await stage.expectDone(command, what)
        }

        @Test(arguments: Command.allCases, lasting)
        func whatLastsIsAnErrorAndItIsDoneWhenTypedAgain(
            command: Command, trouble: (path: String, fault: Fault)
        ) async throws {
            let stage = try await Stage.make(command, path: trouble.path, [], then: trouble.fault)
            let run = try await stage.run(command)
            let what = "\(command), \(trouble)"
            #expect(run.status == 1 && run.errors.contains("imgadm \(command): error ("), "\(what): \(run)")
            stage.proxy.set([])
            let again = try await stage.run(command)
            #expect(again.status == 0, "\(what): \(again)")
            try await stage.expectDone(command, what)
        }
    }
}
