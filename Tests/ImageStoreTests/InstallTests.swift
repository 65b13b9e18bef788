import Failure
import ImageModel
import TestPools
import Testing
import ZFS

@testable import ImageStore

/// Installing streams, with a ZFS that behaves.
@Suite struct InstallTests {
    @Test func aChainComesToLieOnEachOther() async throws {
        let host = try MemoryHost()
        let base = try TestVolume()
        let top = try TestVolume(on: base)
        for image in [base, top] {
            try await host.install(image)
            let installed = try #require(try await host.store.image(image.manifest.uuid, in: host.pool))
            #expect(installed.manifest == image.manifest && installed.source == "https://images.example")
        }
        #expect(try await host.images() == [base.manifest.uuid, top.manifest.uuid])
        #expect(try host.records().count == 2)
        let clones = try await host.store.dependents(of: base.manifest.uuid, in: host.pool)
        #expect(clones.map(\.description) == ["tank/\(top.manifest.uuid)"])
    }

    /// What is wrong is refused, and nothing of it stays; where its beginning tells, nothing was received at all.
    @Test func whatIsNotTheImageLeavesNothing() async throws {
        let host = try MemoryHost()
        let base = try TestVolume()
        let elsewhere = try TestVolume(on: try TestVolume())
        try await host.install(base)
        let (names, records) = (host.pools.names, try host.records())
        let rows: [(what: String, image: TestVolume, code: Failure.Code)] = [
            ("cut", try TestVolume(of: Array(base.file.dropLast(1)), like: base, on: base), .downloadError),
            ("longer", try TestVolume(of: base.file + [0], like: base, on: base), .downloadError),
            ("another", try TestVolume(of: try TestVolume().file, like: base, on: base), .downloadError),
            ("of another origin", try TestVolume(of: elsewhere.file, like: elsewhere, on: base), .unexpectedOrigin),
        ]
        for (what, image, code) in rows {
            let changes = host.pools.changes
            let error = await #expect(throws: (any Error).self, "\(what)") { try await host.install(image) }
            #expect((error as? any CodedError)?.code == code, "\(what): \(error.map { "\($0)" } ?? "")")
            #expect(host.pools.names == names, "\(what)")
            #expect(try host.records() == records, "\(what)")
            if code == .unexpectedOrigin { #expect(host.pools.changes == changes) }
        }
    }

    /// ZFS may end before the file does: whether that is the file's fault, its rest tells.
    @Test(arguments: [
        ("cannot receive new filesystem stream: invalid stream (checksum mismatch)", true, "DownloadError"),
        ("cannot receive new filesystem stream: invalid stream (checksum mismatch)", false, "ZfsError"),
        // A file that nobody has room for is not read to its end.
        ("cannot receive new filesystem stream: out of space", true, "NoSpace"),
    ])
    func whatZFSRefusesOfADamagedFileIsTheFilesFault(words: String, isDamaged: Bool, code: String) async throws {
        let host = try MemoryHost()
        let base = try TestVolume()
        try await host.install(base)
        let good = try TestVolume()
        var file = good.file
        file[file.count - 1] ^= 1
        let image = isDamaged ? try TestVolume(of: file, like: good, on: base) : good
        host.pools.refuseStreams(words)
        let error = await #expect(throws: (any Error).self) { try await host.install(image) }
        #expect((error as? any CodedError)?.code.rawValue == code, "\(error.map { "\($0)" } ?? "")")
        #expect("\(error.map { "\($0)" } ?? "")".contains(words), "what ZFS said is told")
    }

    /// Killed before any of its commands, and typed again: it is no image before all of it is there, and in the end it is.
    @Test func killedAnywhereAndTypedAgainItIsDone() async throws {
        for moment in 0... {
            let host = try MemoryHost()
            let base = try TestVolume()
            let image = try TestVolume(on: base)
            let uuid = image.manifest.uuid
            try await host.install(base)
            let wasKilled = try await host.killed(after: moment) { try await host.install(image) }
            if wasKilled {
                #expect(try await !host.images().contains(uuid), "\(moment)")
                try await host.install(image)
            }
            #expect(try await host.images() == [base.manifest.uuid, uuid], "\(moment)")
            #expect(try host.records().count == 2, "\(moment)")
            #expect(host.pools.names.count == 6, "\(moment): \(host.pools.names)")
            if !wasKilled { return #expect(moment >= 2) }
        }
    }
}
