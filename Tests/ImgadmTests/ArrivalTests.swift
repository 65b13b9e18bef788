import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What somebody puts to an image at any moment of its deletion stays, and the image with it as long as there is one.
    @Suite struct ArrivalTests {
        /// An image, and the environment of a run before one of whose calls something comes to it, once.
        private struct Stage {
            let box: Sandbox
            let uuid: String
            let environment: [String: String]

            /// - Parameters:
            ///   - call: a pattern of the shell for the call before which it comes.
            ///   - act: what is done; `$I` is the image's dataset, `$H` where it is then, `$P` the pool.
            init(before call: String, act: String) async throws {
                let images = try await Fixture.get()
                box = try await Sandbox.make()
                uuid = images.base.uuid
                try box.use(images.server.url)
                #expect(try await box.imgadm("import", "-q", uuid).status == 0)
                let real = try await Tool.shell("command -v zfs").dropLast()
                let script = """
                    #!/bin/bash
                    zfs() { \(real) "$@"; }
                    I=\(box.pool)/\(uuid) P=\(box.pool) H=\(box.pool)/\(uuid)
                    case "$*" in
                        \(call))
                            if mkdir '\(box.root)/once' 2>/dev/null; then
                                zfs list "$H-partial" >/dev/null 2>&1 && H=$H-partial
                                (\(act)) >'\(box.root)/acted' 2>&1 || echo failed >>'\(box.root)/acted'
                            fi ;;
                    esac
                    exec \(real) "$@"

                    """
                try Tool.write(script, to: box.path("bin/zfs"))
                try await Tool.run("chmod", "+x", box.path("bin/zfs").string)
                environment = ["PATH": "\(box.path("bin")):\(ProcessEnvironment.variables["PATH"] ?? "")"]
            }

            func acted() throws -> String? { try box.read("acted") }
        }

        /// Before the rename, before the last look, before the first thing is destroyed.
        static let calls = ["rename*", "get*-r*-partial", "destroy*"]
        /// What comes, and what the run says of it.
        static let acts: [(act: String, code: String)] = [
            ("zfs snapshot $H@mine", "ImageHasSnapshots"),
            // Nowhere mounted: zfs-fuse unmounts and mounts a clone whenever what it comes from is renamed, and calls it busy then.
            ("zfs clone -o mountpoint=none $H@final $P/clone", "ImageHasDependentClones"),
            ("zfs hold keep $H@final", "DatasetBusy"),
            ("zfs create -o mountpoint=none $H/below", "ImageHasChildDatasets"),
        ]

        @Test(arguments: calls, acts.indices)
        func whatComesStays(call: String, act: Int) async throws {
            let (act, code) = Self.acts[act]
            let stage = try await Stage(before: call, act: act)
            let (box, uuid) = (stage.box, stage.uuid)
            let run = try await box.imgadm(["delete", uuid], environment: stage.environment)
            #expect(try stage.acted() == "", "\(run)")
            #expect(run.status == 1, "\(run)")
            let names = try await box.datasets()
            // What comes after the last look may find the image gone, and stays by itself.
            let isLate = call == "destroy*" && ["ImageHasSnapshots", "ImageHasChildDatasets"].contains(code)
            let place = isLate ? "\(uuid)-partial" : uuid
            let what =
                switch code {
                case "ImageHasSnapshots": "\(place)@mine"
                case "ImageHasChildDatasets": "\(place)/below"
                case "ImageHasDependentClones": "clone"
                default: "\(uuid)@final"
                }
            #expect(names.contains(what), "\(run) \(names)")
            if !isLate {
                #expect(run.errors.contains("(\(code))"), "\(run)")
                #expect(names.contains("\(uuid)@final"), "\(run) \(names)")
                let list = try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)")
                #expect(list.output == "\(uuid)\n", "\(list)")
            }
            // Neither the same again nor an import takes it away.
            if code != "ImageHasSnapshots" || isLate {
                let again = try await box.imgadm("delete", uuid)
                #expect(again.status == 1, "\(again)")
            }
            _ = try await box.imgadm("import", uuid)
            #expect(try await box.datasets().contains(what), "\(run)")
            // And when it has gone, the image goes.
            try await Tool.shell(
                """
                for n in $(seq 50); do
                    case '\(what)' in
                        *@final) zfs release keep '\(box.pool)/\(what)' ;;
                        *) zfs destroy '\(box.pool)/\(what)' ;;
                    esac && exit; sleep 0.1
                done; exit 1
                """)
            let last = try await box.imgadm("delete", uuid)
            #expect(last.status == 0, "\(last)")
            #expect(try await box.datasets() == [] && box.recordNames() == [])
        }

        /// A deletion dies, and before it is typed again, somebody makes a clone: the image is one again.
        @Test func whatIsClonedAfterADeletionDiedIsPutBack() async throws {
            let stage = try await Stage(
                before: "destroy*", act: "zfs clone -o mountpoint=none $H@final $P/clone; kill -9 $PPID")
            let (box, uuid) = (stage.box, stage.uuid)
            let run = try await box.imgadm(["delete", uuid], environment: stage.environment)
            #expect(run.status > 128, "\(run)")
            try await box.settle()
            let again = try await box.imgadm("delete", uuid)
            #expect(again.status == 1 && again.errors.contains("ImageHasDependentClones"), "\(again)")
            #expect(try await box.datasets().contains("\(uuid)@final"))
            let list = try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)")
            #expect(list.output == "\(uuid)\n", "\(list)")
            let mounted = try await Tool.run("zfs", "get", "-Ho", "value", "mounted", "\(box.pool)/\(uuid)")
            #expect(mounted == "yes\n")
            try await Tool.shell(
                "for n in $(seq 50); do zfs destroy '\(box.pool)/clone' && exit; sleep 0.1; done; exit 1")
            #expect(try await box.imgadm("delete", uuid).status == 0)
            #expect(try await box.datasets() == [] && box.recordNames() == [])
        }

        /// One called `@final` that is another is not put back as the image.
        @Test func anotherFinalIsNotTheImage() async throws {
            let stage = try await Stage(before: "destroy*-partial", act: "zfs snapshot $H@final")
            let (box, uuid) = (stage.box, stage.uuid)
            let run = try await box.imgadm(["delete", uuid], environment: stage.environment)
            #expect(run.status == 1 && run.errors.contains("not put back"), "\(run)")
            #expect(try await box.datasets().contains("\(uuid)-partial@final"))
            let list = try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)")
            #expect(list.output.isEmpty, "\(list)")
            let again = try await box.imgadm("delete", uuid)
            #expect(again.status == 1 && again.errors.contains("(ImageHasSnapshots)"), "\(again)")
            #expect(try await box.datasets().contains("\(uuid)-partial@final"))
        }

        /// A dataset that takes an image's place while it is being installed is somebody's, and nothing is told of it.
        @Test func whoTakesThePlaceOfAnImageHasNoRecord() async throws {
            let stage = try await Stage(before: "rename*-partial*", act: "zfs create $I")
            let (box, uuid) = (stage.box, stage.uuid)
            #expect(try await box.imgadm("delete", uuid).status == 0)
            try await Tool.shell("rm -rf '\(box.root)/once' '\(box.root)/acted'")
            let run = try await box.imgadm(["import", uuid], environment: stage.environment)
            #expect(run.status == 1 && run.errors.contains("(DatasetExists)"), "\(run)")
            #expect(try stage.acted() == "", "\(run)")
            #expect(try await box.datasets() == [uuid] && box.recordNames() == [])
            let again = try await box.imgadm("import", uuid)
            #expect(again.errors.contains("may be no image, or another: it has no record"), "\(again)")
            let delete = try await box.imgadm("delete", uuid)
            #expect(delete.status == 1 && delete.errors.contains("NotAnImage"), "\(delete)")
        }

        /// What takes the place of an image between two looks at it is neither destroyed nor moved.
        @Test(arguments: ["rename*", "get*-r*-partial"]) func whatComesInAnImagesPlaceWhileItIsDeletedStays(
            call: String
        ) async throws {
            let act = """
                for n in $(seq 100); do zfs destroy -r $H 2>/dev/null && break; sleep 0.1; done
                zfs create -o mountpoint=none $H && zfs snapshot $H@final
                """
            let stage = try await Stage(before: call, act: act)
            let (box, uuid) = (stage.box, stage.uuid)
            let run = try await box.imgadm(["delete", uuid], environment: stage.environment)
            #expect(try stage.acted() == "", "\(run)")
            #expect(run.status == 1 && run.errors.contains("(NotAnImage)"), "\(run)")
            #expect(run.errors.contains("was replaced by another"), "\(run)")
            #expect(try await box.datasets() == [uuid, "\(uuid)@final"], "\(run)")
        }

        /// The image's own dataset with another `@final` is as it was, mounted, too.
        @Test func anImageWhoseFinalIsReplacedWhileItIsDeletedStaysMounted() async throws {
            let act = "zfs destroy $H@final && zfs snapshot $H@final"
            let stage = try await Stage(before: "get*-r*-partial", act: act)
            let (box, uuid) = (stage.box, stage.uuid)
            let run = try await box.imgadm(["delete", uuid], environment: stage.environment)
            #expect(try stage.acted() == "", "\(run)")
            #expect(run.status == 1 && run.errors.contains("@final of dataset"), "\(run)")
            #expect(try await box.datasets() == [uuid, "\(uuid)@final"], "\(run)")
            let mounted = try await Tool.run("zfs", "get", "-Ho", "value", "mounted", "\(box.pool)/\(uuid)")
            #expect(mounted == "yes\n")
        }

        /// What a property of one dataset says of another is not believed.
        @Test func aLineBreakInAPropertyMakesNoLeftover() async throws {
            let stage = try await Stage(before: "nothing", act: "true")
            let (box, uuid) = (stage.box, stage.uuid)
            let partial = "\(box.pool)/\(uuid)-partial"
            try await Tool.run("zfs", "create", "-o", "mountpoint=none", partial)
            try await Tool.run("zfs", "set", "imgadm:volmode=x\n\(partial)\timgadm:own\ttrue", "\(box.pool)/\(uuid)")
            for command in [["delete", uuid], ["import", uuid], ["vacuum", "-f", "-P", box.pool]] {
                let run = try await box.imgadm(command, environment: [:])
                #expect(try await box.datasets().contains("\(uuid)-partial"), "\(run)")
                if command[0] == "delete" { #expect(run.errors.contains("(DatasetExists)"), "\(run)") }
            }
        }

        /// A dataset that is called as what a run may leave, and is not ours, is touched by nobody, and is told of.
        @Test(arguments: ["-o mountpoint=none", "-o mountpoint=none -o imgadm:ignore=true -o imgadm:own=true"])
        func whatIsOnlyCalledLikeALeftoverStays(options: String) async throws {
            let stage = try await Stage(before: "nothing", act: "true")
            let (box, uuid) = (stage.box, stage.uuid)
            let other = TestUUID.make()
            let partials = [uuid, other].map { "\($0)-partial" }
            for partial in partials {
                try await Tool.shell("zfs create \(options) '\(box.pool)/\(partial)'")
            }
            let delete = try await box.imgadm("delete", uuid)
            #expect(delete.status == 1 && delete.errors.contains("(DatasetExists)"), "\(delete)")
            let absent = try await box.imgadm("delete", other)
            #expect(absent.status == 3, "\(absent)")
            try await Tool.shell("zfs rename '\(box.pool)/\(partials[0])' '\(box.pool)/kept'")
            #expect(try await box.imgadm("delete", uuid).status == 0)
            try await Tool.shell("zfs rename '\(box.pool)/kept' '\(box.pool)/\(partials[0])'")
            for command in [["vacuum", "-fx", "-P", box.pool], ["check", "--repair", "-P", box.pool]] {
                let run = try await box.imgadm(command, environment: [:])
                #expect(try await Set(box.datasets()) == Set(partials), "\(run)")
            }
            let run = try await box.imgadm("import", uuid)
            #expect(run.status == 1 && run.errors.contains("(DatasetExists)"), "\(run)")
            #expect(run.errors.contains("zfs rename"), "\(run)")
            #expect(try await Set(box.datasets()) == Set(partials) && box.recordNames() == [])
        }

        /// One that replaced an image under its name is not the image that the record tells of.
        @Test func whatReplacedAnImageStays() async throws {
            let stage = try await Stage(before: "nothing", act: "true")
            let (box, uuid) = (stage.box, stage.uuid)
            let name = "\(box.pool)/\(uuid)"
            try await Tool.shell(
                """
                for n in $(seq 50); do zfs destroy -r '\(name)' && break; sleep 0.1; done
                zfs create '\(name)' && zfs snapshot '\(name)@final'
                """)
            let run = try await box.imgadm("delete", uuid)
            #expect(run.status == 1 && run.errors.contains("(NotAnImage)"), "\(run)")
            #expect(run.errors.contains("not what was installed"), "\(run)")
            let again = try await box.imgadm("import", uuid)
            #expect(again.status == 0 && again.errors.contains("may be no image, or another"), "\(again)")
            #expect(try await box.datasets().contains("\(uuid)@final"))
            #expect(try await box.imgadm("delete", "-f", uuid).status == 0)
            #expect(try await box.datasets() == [])
        }
    }
}
