import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// How often commands ask ZFS: each call is a process, and costs more than what it asks for.
    @Suite struct CallTests {
        @Test func anImageComesInSixCallsAndGoesInNine() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let spy = try CallSpy()
            #expect(try await spy.calls(of: ["import", images.base.uuid], in: box).count <= 6)
            #expect(try await spy.calls(of: ["import", images.base.uuid], in: box).count == 1)
            // One for all that ZFS has, and where its list rounds guids, as that of zfs-fuse does, one for the pool's.
            #expect(try await spy.calls(of: ["list"], in: box).count <= 2)
            #expect(try await spy.calls(of: ["get", images.base.uuid], in: box).count == 1)
            #expect(try await spy.calls(of: ["get", "-r", images.base.uuid], in: box).count == 3)
            // After it is taken out of its place it is looked at once more, and what it is known to have goes piece by piece.
            #expect(try await spy.calls(of: ["delete", images.base.uuid], in: box).count <= 9)
            #expect(try await box.datasets() == [])
        }

        /// Of those above the base, each takes four more: its stream, a look at what came of it, its name, its mount; and one for all
        /// finds out whether this ZFS can be told of what it is a clone.
        @Test func aChainTakesFourCallsAnImage() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let spy = try CallSpy()
            // Each origin is looked for before its manifest is, and once more all of them when they are locked.
            #expect(try await spy.calls(of: ["import", images.top.uuid], in: box).count <= 4 + 3 * 4 + 1)
            #expect(try await spy.calls(of: ["list"], in: box).count <= 3)
            #expect(try await spy.calls(of: ["delete", images.top.uuid], in: box).count <= 9)
            #expect(try await spy.calls(of: ["import", images.top.uuid], in: box).count <= 8)
            #expect(try await spy.calls(of: ["vacuum", "-n"], in: box).count <= 8)
        }
    }
}

/// Stands before `zfs` and `zpool` on the path of a run, and notes what they are called with.
private final class CallSpy {
    private let folder = TestFolder.make("spy")

    init() throws {
        for program in ["zfs", "zpool"] {
            // One that is tried again, since what was just unmounted or received is busy for a moment, counts once.
            let script = """
                #!/bin/bash
                printf '%s\\n' "\(program) $*" >> "$CALL_SPY"
                PATH=${PATH#*:}
                exec \(program) "$@"

                """
            try Tool.write(script, to: folder.appending(program))
        }
    }

    deinit { TestFolder.remove(folder) }

    /// The different calls of a run that must succeed.
    func calls(of words: [String], in box: Sandbox) async throws -> [String] {
        let log = folder.appending("log")
        try Tool.write("", to: log)
        let run = try await box.shell(
            "chmod +x '\(folder)'/z*; PATH='\(folder)':$PATH imgadm \(words.joined(separator: " "))",
            environment: ["CALL_SPY": log.string])
        #expect(run.status == 0, "\(run)")
        return Array(Set(try await Tool.run("cat", log.string).split(separator: "\n").map(String.init)))
    }
}
