import TestHost
import Testing

extension EndToEnd {
    /// What networks and servers do to disks and root file systems on their way: it ends with the right image, or with an error
    /// and nothing.
    @Suite struct RoadFaultTests {
        private func expectNothing(_ run: Sandbox.Run, in box: Sandbox, _ name: String) async throws {
            #expect(run.status == 1 && run.errors.contains("imgadm import: error ("), "\(name): \(run)")
            #expect(try await box.datasets().isEmpty, "\(name): \(run)")
            #expect(
                try box.recordNames().isEmpty && box.leftovers().isEmpty, "\(name): \((try? box.leftovers()) ?? [])")
        }

        /// What comes the way of another road meets the same faults there: some of them will do.
        private static func some<Named>(_ faults: [Named], _ name: (Named) -> String) -> [(Road, Named)] {
            Road.allCases.flatMap { road in
                faults.filter { !road.isLikeAnother || few.contains(name($0)) }.map { (road, $0) }
            }
        }
        private static let few: Set = [
            "cut once", "truncated", "dropped", "429", "cut always", "dropped always", "corrupt", "503 always",
            "404", "a lie about the length, more",
        ]

        @Test(arguments: some(FaultTests.passing) { $0.0 })
        func whatPassesIsOvercome(road: Road, fault: (name: String, faults: [Fault])) async throws {
            let site = try await RoadSite.get()
            let proxy = try await site.proxy(road, path: site.file(road), fault.faults)
            let box = try await Sandbox.make(environment: Fault.environment(fault.faults))
            let run = try await site.run(road, from: proxy, in: box)
            #expect(run.status == 0, "\(fault.name): \(run)")
            try await site.expectRight(road, in: box)
            #expect(fault.name == "no length" || proxy.requests.count > 1)
        }

        @Test(arguments: some(FaultTests.lasting) { $0.0 })
        func whatLastsIsAnErrorAndLeavesNothing(
            road: Road, fault: (name: String, fault: Fault, code: String)
        ) async throws {
            let site = try await RoadSite.get()
            let proxy = try await site.proxy(road, path: site.file(road), [], then: fault.fault)
            let box = try await Sandbox.make(environment: Fault.environment([], then: fault.fault))
            let run = try await site.run(road, from: proxy, in: box)
            try await expectNothing(run, in: box, fault.name)
        }

        /// Where a file is as it should be when it is looked at, and breaks when it is fetched.
        @Test(arguments: Road.allCases, [Fault.corrupt(at: 800_000), .cut(after: 10), .truncate(after: 700_000)])
        func whatComesLateIsAnErrorAndLeavesNothing(road: Road, fault: Fault) async throws {
            let site = try await RoadSite.get()
            let proxy = try await site.proxy(road, path: site.file(road), road.isLookedAt ? [.pass] : [], then: fault)
            let box = try await Sandbox.make()
            let run = try await site.run(road, from: proxy, in: box)
            if case .truncate = fault {
                // The rest is asked for each time, and there is less of it than the server lets pass.
                #expect(run.status == 0, "\(run)")
                try await site.expectRight(road, in: box)
            } else {
                try await expectNothing(run, in: box, "\(fault)")
            }
        }

        @Test(
            arguments: Road.allCases, [[Fault.drop, .status(429, retryAfter: "1")], [.status(503), .cut(after: 40)]])
        func whatDescribesItIsAskedForAgain(road: Road, faults: [Fault]) async throws {
            let site = try await RoadSite.get()
            let proxy = try await site.proxy(road, path: road.description, faults)
            let box = try await Sandbox.make()
            let run = try await site.run(road, from: proxy, in: box, isStated: false)
            #expect(run.status == 0, "\(run)")
            #expect(proxy.requests.count > 2 && !run.errors.contains("is not checked"), "\(run)")
            try await site.expectRight(road, in: box)
        }

        private static let descriptions: [Fault] = [
            .drop, .status(503), .cut(after: 40), .raw("nonsense\r\n\r\n"),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + String(repeating: "a b\n", count: 20_000)),
        ]

        @Test(arguments: Road.allCases, descriptions)
        func withoutADescriptionThereIsNoImage(road: Road, fault: Fault) async throws {
            let site = try await RoadSite.get()
            let proxy = try await site.proxy(road, path: road.description, [], then: fault)
            let box = try await Sandbox.make()
            let run = try await site.run(road, from: proxy, in: box, isStated: false)
            try await expectNothing(run, in: box, "\(fault)")
        }

        /// (What is no list of checksums is as if there were none.)
        @Test(
            arguments: [Road.artifact, .containerDisk, .streams, .repository],
            [Fault.corrupt(at: 30), .contentLength(50), .status(404)])
        func aDescriptionThatIsWrongIsNoneEither(road: Road, fault: Fault) async throws {
            let site = try await RoadSite.get()
            let proxy = try await site.proxy(road, path: road.description, [], then: fault)
            let box = try await Sandbox.make()
            let run = try await site.run(road, from: proxy, in: box)
            try await expectNothing(run, in: box, "\(fault)")
        }
    }
}
