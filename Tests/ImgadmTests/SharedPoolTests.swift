import Host
import JSON
import Synchronization
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Several at a time on one pool, from one state root or from two: nobody takes away what another needs.
    @Suite struct SharedPoolTests {
        /// Whoever has a state root of their own meets the others in the locks of the pool.
        @Test func twoRootsInstallOneImage() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let others = (0..<3).map { _ in TestFolder.make("root") }
            defer { for other in others { TestFolder.remove(other) } }
            // The file comes when the two others wait for the one that fetches it.
            let outputs = others.map { $0.appending("out") }
            let areWaiting: @Sendable () -> Bool = {
                outputs.count { ((try? HostFile.read($0)) ?? nil)?.contains(Array("Waiting for".utf8)) == true } == 2
            }
            let proxy = try await FaultProxy(to: images.server.port, path: "/file", [], then: .held(areWaiting))
            let imports = others.map {
                "IMGADM_ROOT='\($0)' imgadm import -S '\(proxy.url)' \(images.base.uuid) > '\($0)/out' || echo failed &"
            }
            let all = outputs.map { "'\($0)'" }.joined(separator: " ")
            let run = try await box.shell(imports.joined(separator: "\n") + "\nwait; cat \(all)")
            #expect(!run.output.contains("failed"), "\(run)")
            #expect(run.lines.filter { $0.hasPrefix("Imported image") }.count == 1, "\(run)")
            #expect(run.lines.filter { $0.contains("was imported while waiting on lock") }.count == 2, "\(run)")
            #expect(try await box.datasets() == [images.base.uuid, "\(images.base.uuid)@final"])
            // What the others have no record of, they are told how to write down.
            let told = run.errors.split(separator: "\n").filter {
                $0.contains("imgadm update \(images.base.uuid) asks the sources")
            }
            #expect(told.count == 2, "\(run)")
        }

        /// What an import has said to be installed stays, as does what it has just installed.
        @Test func whatAnImportBuildsOnStays() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            // The file is asked for, and comes once the others have tried.
            let (begun, end) = (box.path("begun"), box.path("end"))
            let isBegun = Mutex(false)
            let isFree: @Sendable () -> Bool = {
                do {
                    try isBegun.withLock { isBegun in
                        if !isBegun { try HostFile.write([], to: begun) }
                        isBegun = true
                    }
                    return try HostFile.exists(end)
                } catch {
                    Issue.record(error)
                    return true
                }
            }
            let proxy = try await FaultProxy(to: images.server.port, path: "/file", [], then: .held(isFree))
            let other = TestFolder.make("root")
            defer { TestFolder.remove(other) }
            let run = try await box.shell(
                """
                imgadm import -q -S '\(proxy.url)' \(images.top.uuid) > /dev/null & until [ -e '\(begun)' ]; do sleep 0.05; done
                imgadm vacuum -n; imgadm vacuum -f
                IMGADM_ROOT='\(other)' imgadm delete -f \(images.base.uuid); echo delete $?
                touch '\(end)'; wait $!; echo import $?
                """)
            let lines = run.lines.filter { !$0.hasPrefix("Waiting") && !$0.contains(" is locked by process ") }
            #expect(lines == ["delete 1", "import 0"], "\(run)")
            #expect(run.errors.contains("an import that is at work builds on it"), "\(run)")
            let datasets = try await box.datasets()
            for image in [images.base, images.middle, images.top] { #expect(datasets.contains("\(image.uuid)@final")) }
            #expect(try await box.imgadm("vacuum", "-f").lines.count == 3)
        }

        /// An import of an image that another import brings, as one of its chain, waits for that; the other does not wait for it.
        @Test func importsOfOneChainDoNotWaitForEachOther() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            // All files come once the second import waits for the first.
            let (begun, output) = (box.path("begun"), box.path("second"))
            let isBegun = Mutex(false)
            let isWaiting: @Sendable () -> Bool = {
                do {
                    try isBegun.withLock { isBegun in
                        if !isBegun { try HostFile.write([], to: begun) }
                        isBegun = true
                    }
                    return try HostFile.read(output)?.contains(Array("Waiting for".utf8)) == true
                } catch {
                    Issue.record(error)
                    return true
                }
            }
            let proxy = try await FaultProxy(to: images.server.port, path: "/file", [], then: .held(isWaiting))
            let run = try await box.shell(
                """
                export IMGADM_LOCK_PATIENCE=20
                imgadm import -S '\(proxy.url)' \(images.top.uuid) & first=$!
                until [ -e '\(begun)' ]; do sleep 0.05; done
                imgadm import -S '\(proxy.url)' \(images.middle.uuid) > '\(output)'; echo second $?
                wait $first; echo first $?; cat '\(output)'
                """)
            #expect(run.lines.contains("second 0") && run.lines.contains("first 0"), "\(run)")
            #expect(run.lines.filter { $0.hasPrefix("Imported image") }.count == 3, "\(run)")
            #expect(run.lines.filter { $0.contains("was imported while waiting on lock") }.count == 1, "\(run)")
        }

        /// What is another root's is told, and nothing is wrong with it.
        @Test func imagesOfAnotherRootAreNoProblem() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let other = TestFolder.make("root")
            defer { TestFolder.remove(other) }
            try HostFile.makeFolder(other.appending("var/imgadm"))
            try HostFile.write(Array("{\"sources\": []}".utf8), to: other.appending("var/imgadm/imgadm.conf"))
            let environment = ["IMGADM_ROOT": other.string]
            let check = try await box.imgadm(["check", "-P", box.pool], environment: environment)
            #expect(
                check.status == 0 && check.output.hasPrefix("remark: dataset \(box.pool)/\(images.base.uuid)"),
                "\(check)")
            #expect(check.output.hasSuffix("Everything is in order\n"), "\(check)")
            // What may be anybody's is a problem all the same.
            try await Tool.run("zfs", "create", "\(box.pool)/\(TestUUID.make())")
            // It comes first, however many remarks there are.
            let json = try await box.imgadm(["check", "-j", "-P", box.pool], environment: environment)
            let remarks = try JSONValue(parsing: json.output).arrayValue?.compactMap { $0["remark"]?.boolValue }
            #expect(json.status == 1 && remarks == [false, true], "\(json)")
        }

        @Test func aPoolUnderANewNameKeepsItsRecords() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
            // An export takes the file's folder, for it is not a disk.
            let folder = box.path("renamed")
            try HostFile.makeFolder(folder)
            let disk = try await Tool.run("zpool", "status", box.pool).split(separator: "\n")
                .compactMap { $0.split(separator: " ").first { $0.hasPrefix("/") } }.first
            let file = try #require(disk.map(String.init))
            let name = box.pool + "new"
            try await Tool.shell(
                """
                for i in $(seq 600); do zpool export '\(box.pool)' 2>/dev/null && break; sleep 0.2; done
                zpool import -o cachefile=none -d "$(dirname '\(file)')" '\(box.pool)' '\(name)'
                """)
            let environment = ["IMGADM_POOL": name]
            var problems: [String] = []
            let list = try await box.imgadm(["list", "-Ho", "name", "zpool=\(name)"], environment: environment)
            if list.lines.sorted() != ["base", "middle"] { problems.append("\(list)") }
            let get = try await box.imgadm(["get", images.base.uuid], environment: environment)
            if !get.output.contains("\"name\": \"base\"") { problems.append("\(get)") }
            let check = try await box.imgadm(["check", "-P", name, "--format", "jsonl"], environment: environment)
            if !check.output.contains("record-name") { problems.append("\(check)") }
            let repair = try await box.imgadm(["check", "-P", name, "--repair"], environment: environment)
            if repair.status != 0 { problems.append("\(repair)") }
            let records = try box.recordNames()
            if records != [images.base.uuid, images.middle.uuid].map({ "\(name)-\($0).json" }).sorted() {
                problems.append("\(records)")
            }
            let delete = try await box.imgadm(
                ["delete", images.base.uuid, images.middle.uuid], environment: environment)
            let left = try box.recordNames()
            if delete.status != 0 || !left.isEmpty { problems.append("\(delete) \(left)") }
            try await Tool.shell(
                """
                for i in $(seq 600); do zpool export '\(name)' 2>/dev/null && break; sleep 0.2; done
                zpool import -o cachefile=none -d "$(dirname '\(file)')" '\(name)' '\(box.pool)'
                """)
            #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
        }

        @Test func vacuumCountsAndLooksOnItsPoolAlone() async throws {
            let images = try await Fixture.get()
            let (box, other) = (try await Sandbox.make(), try await Sandbox.make())
            try box.use(images.server.url)
            for pool in [box.pool, other.pool] {
                #expect(try await box.imgadm("import", "-q", "-P", pool, images.base.uuid).status == 0)
            }
            // The only one of its name on each pool is kept, whatever is on the others.
            let keep = ["vacuum", "-n", "--keep", "base=1"]
            for extra in [[], ["-P", other.pool]] {
                let run = try await box.imgadm(keep + extra)
                #expect(run.status == 0 && run.output.isEmpty, "\(run)")
            }
            let run = try await box.imgadm("vacuum", "-f", "-P", other.pool)
            #expect(run.lines == ["Deleted image \(images.base.uuid) (base@1.0.0)"], "\(run)")
            #expect(try await !box.datasets().isEmpty)
            #expect(try await other.datasets().isEmpty)
            let dry = try await box.imgadm("vacuum", "-n")
            #expect(dry.lines.count == 1 && dry.errors.contains("on zpool \"\(box.pool)\""), "\(dry)")
            let absent = try await box.imgadm("vacuum", "-n", "-P", "nosuchpool9")
            #expect(absent.status == 1 && absent.errors.contains("PoolNotFound"), "\(absent)")
        }
    }
}
