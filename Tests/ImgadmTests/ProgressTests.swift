import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// How far transfers are, on standard error.
    @Suite struct ProgressTests {
        @Test func eventsForPrograms() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", "--progress", "json", images.top.uuid)
            #expect(run.status == 0, "\(run)")
            let events = try run.errors.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
            for (number, kind) in ["begin", "end"].enumerated() {
                let told = events.filter { $0["event"]?.stringValue == kind }
                #expect(
                    Set(told.compactMap { $0["image"]?.stringValue }) == [
                        images.base.uuid, images.middle.uuid, images.top.uuid,
                    ])
                for event in told {
                    #expect(event["phase"] == "download" && event["time"]?.stringValue?.hasSuffix("Z") == true)
                    #expect(event["title"]?.stringValue?.hasSuffix("@1.0.0") == true)
                    #expect((event["bytes"] == event["total"]) == (number == 1), "\(event.text())")
                    #expect(event["ok"] == (number == 1 ? true : nil))
                }
            }
            #expect(run.lines.last == "Imported image \(images.top.uuid) (top@1.0.0)")
        }

        @Test func aTransferThatFailedIsTold() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            let proxy = try await FaultProxy(to: images.server.port, path: "/file", [], then: .cut(after: 100))
            try box.use(proxy.url)
            let run = try await box.imgadm("import", "--progress", "json", "-j", images.base.uuid)
            #expect(run.status == 1, "\(run)")
            // The last line is the error's.
            let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("{") }
            let events = try lines.map { try JSONValue(parsing: Array($0.utf8)) }
            let ends = events.filter { $0["event"] == "end" }
            #expect(!ends.isEmpty && ends.allSatisfy { $0["ok"] == false }, "\(run)")
            #expect(events.filter { $0["event"] == "begin" }.count == ends.count)
            // Sentences are events, too, where standard output is for the answer.
            let lineEvents = events.filter { $0["event"] == "line" }.compactMap { $0["message"]?.stringValue }
            #expect(lineEvents.contains { $0.hasPrefix("Importing ") })
            #expect(try JSONValue(parsing: Array(run.output.utf8))["ok"] == false)
        }

        @Test func whatHasNoUUIDIsGivenNone() async throws {
            let box = try await Sandbox.make()
            try await Tool.run("truncate", "-s", "1M", box.path("disk.raw").string)
            let run = try await box.shell(
                "cd '\(box.root)' && imgadm export --progress json -j -o disk.qcow2 ./disk.raw")
            #expect(run.status == 0 && !run.errors.contains("00000000-0000"), "\(run)")
            let events = try run.errors.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
            #expect(events.contains { $0["event"] == "end" && $0["ok"] == true && $0["image"] == nil }, "\(run)")
            let row = try JSONValue(parsing: Array(run.output.utf8))["images"]?[0]
            #expect(row?["action"] == "exported" && row?["destination"] == "disk.qcow2" && row?["bytes"] != nil)
        }

        /// However small it is packed: what is read counts, against what there is.
        @Test func howMuchWasReadOfWhatIsWrittenIsTold() async throws {
            let box = try await Sandbox.make()
            let size = 8 << 20
            let made = try await box.shell(
                """
                cd '\(box.root)'; mkdir tree tree/etc tree/usr made
                truncate -s \(size) disk.raw; head -c 1000000 /dev/urandom | dd of=disk.raw conv=notrunc status=none
                seq 1 100000 > tree/etc/numbers; tar -C tree -cf root.tar .
                """)
            try #require(made.status == 0, "\(made)")
            func ends(_ words: String) async throws -> [JSONValue] {
                let run = try await box.shell("cd '\(box.root)' && imgadm \(words) --progress json")
                #expect(run.status == 0, "\(run)")
                return try run.errors.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
                    .filter { $0["event"] == "end" }
            }
            for output in ["a.qcow2", "b.raw", "c.raw.xz"] {
                let told = try await ends("export -o \(output) ./disk.raw")
                #expect(told.count == 1 && told[0]["phase"] == "create", "\(told)")
                #expect(told[0]["bytes"]?.intValue == size && told[0]["total"]?.intValue == size, "\(output): \(told)")
            }
            let archive = try await box.shell("stat -c %s '\(box.root)/root.tar'").lines.first.flatMap(Int.init)
            for (file, size) in [("disk.raw", size), ("root.tar", try #require(archive))] {
                let told = try await ends("convert -c xz -o made \(file) name=\(file) version=1")
                #expect(told.map { $0["phase"] } == ["read", "create"], "\(told)")
                for end in told {
                    #expect(end["bytes"]?.intValue == size && end["total"]?.intValue == size, "\(file): \(told)")
                }
            }
            for output in ["d.tar.xz", "e.zfs.zst"] {
                let told = try await ends("export -o \(output) made/root.tar-1.zfs.xz")
                #expect(told.count == 1 && told[0]["total"] != nil, "\(told)")
                #expect(told[0]["bytes"] == told[0]["total"], "\(output): \(told)")
            }
        }

        @Test func whatIsNoTerminalGetsNoControlCharacters() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", images.top.uuid)
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(!run.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
            let failing = try await box.imgadm("import", "x@y@z")
            #expect(!failing.errors.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" }, "\(failing)")
            // The test runner may have set it.
            let line = "[[ -n ${MONO-} ]] || unset NO_COLOR; imgadm import x@y@z 2>&1"
            let forced = try await box.shell(line, environment: ["CLICOLOR_FORCE": "1"])
            #expect(forced.output.contains("\u{1b}[1;31merror\u{1b}[0m"), "\(forced)")
            let mono = try await box.shell(line, environment: ["CLICOLOR_FORCE": "1", "NO_COLOR": "1", "MONO": "1"])
            #expect(!mono.output.contains("\u{1b}"), "\(mono)")
        }

        @Test func modesThatAreNone() async throws {
            let box = try await Sandbox.make()
            for words in [["--progress", "loud"], ["-q", "--progress", "bar"], ["--progress"]] {
                let run = try await box.imgadm(["import"] + words + [TestUUID.make()])
                #expect(run.status == 2 && run.errors.contains("error (Option)"), "\(words): \(run)")
            }
        }

        /// On a terminal of 40, 80 and 200 columns, at a slow server.
        @Test(arguments: [40, 80, 200])
        func barsFitTheTerminal(columns: Int) async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            let proxy = try await FaultProxy(to: images.server.port, path: "/file", [], then: .late(milliseconds: 700))
            try box.use(proxy.url)
            let run = try await box.shell(
                "script -qec 'stty cols \(columns) rows 24; TERM=xterm \(Binaries.imgadm) import \(images.top.uuid)' /dev/null < /dev/null"
            )
            #expect(run.status == 0, "\(run)")
            let drawn = run.output.replacing("\r\n", with: "\n").split {
                "\n\r\u{1b}".unicodeScalars.contains($0.unicodeScalars.first ?? " ")
            }
            .filter { $0.contains("%") }
            #expect(drawn.contains { $0.contains("top@1.0.0") } && drawn.contains { $0.contains("total") }, "\(run)")
            #expect(drawn.allSatisfy { $0.count < columns + 4 }, "\(drawn.map(\.count))")
            #expect(run.output.contains("Imported image \(images.top.uuid) (top@1.0.0)"))
            // Nothing is left standing of the bars.
            let last = run.output.split(separator: "\u{1b}[J").last ?? ""
            #expect(!last.contains("%"), "\(last)")
        }
    }
}
