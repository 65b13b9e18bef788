import Glibc
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What a process inherits by chance.
    @Suite(.timeLimit(.minutes(10))) struct StartTests {
        /// No trap, no hang, no zombie: libraries below us have no errors for these.
        @Test(arguments: [("-n 20", "open files"), ("-v 300000", "address space")])
        func tooLittleOfSomethingIsSaidSo(limit: String, what: String) async throws {
            let run = try await Sandbox.make().shell("ulimit \(limit); timeout 60 \(Binaries.imgadm) list")
            #expect(
                run.status == 1 && run.errors.contains("error (ResourceLimit)") && run.errors.contains(what), "\(run)")
        }

        @Test(.enabled(if: geteuid() == 0)) func tooFewThreadsAreSaidSo() async throws {
            let box = try await Sandbox.make()
            let program = box.path("program")
            let run = try await box.shell(
                "install -m 755 \(Binaries.imgadm) '\(program)' && chmod 755 '\(box.root)' && cd / && exec timeout 60 setpriv "
                    + "--reuid 64321 --clear-groups bash -c \"ulimit -u 1; exec '\(program)' --version\"")
            #expect(run.status == 1 && run.errors.contains("error (ResourceLimit)"), "\(run)")
        }

        /// Anybody can make a folder in the place of another user's locks; there is nothing of that user's in it.
        @Test(.enabled(if: geteuid() == 0), arguments: ["700", "755"])
        func whatLiesInPlaceOfTheLocksKeepsNobodyFromLooking(mode: String) async throws {
            let box = try await Sandbox.make()
            let user = mode == "700" ? 64322 : 64323
            let run = try await box.shell(
                """
                locks=/run/lock/imgadm-\(user); mkdir "$locks"; trap 'rmdir "$locks"' EXIT
                chown daemon "$locks"; chmod \(mode) "$locks"; chmod 755 '\(box.root)'
                install -m 755 \(Binaries.imgadm) '\(box.root)/program'
                # A host without datasets: the daemon of a userspace ZFS talks to root alone.
                for name in zfs zpool; do install -m 755 <(echo '#!/bin/sh') "\(box.root)/$name"; done
                PATH="\(box.root):$PATH" timeout 60 setpriv --reuid \(user) --clear-groups '\(box.root)/program' list
                """)
            #expect(run.status == 0, "\(run)")
        }

        /// What is just enough is enough, since the soft limit is raised.
        @Test func aLowSoftLimitIsRaised() async throws {
            let run = try await Sandbox.make().shell("ulimit -Sn 20; timeout 60 \(Binaries.imgadm) sources")
            #expect(run.status == 0, "\(run)")
        }

        @Test(arguments: ["<&-", "2>&-", "<&- 2>&-"])
        func closedDescriptorsHarmNobody(closed: String) async throws {
            let run = try await Sandbox.make().shell("timeout 60 \(Binaries.imgadm) list \(closed)")
            #expect(run.status == 0, "\(run)")
        }

        /// What could not be written is not taken for written, and no file that is opened later takes its place.
        @Test(arguments: ["help >&-", "sources <&- >&- 2>&3", "help >/dev/full", "list -j >/dev/full"])
        func outputThatIsLostIsAnError(command: String) async throws {
            let run = try await Sandbox.make().shell("exec 3>&2; timeout 60 \(Binaries.imgadm) \(command)")
            #expect(run.status == 1 && run.errors.contains("cannot write standard output"), "\(run)")
            #expect(!run.errors.contains("InternalError"), "\(run)")
        }

        /// A parent that ignores or blocks signals, has another umask and another language, and whose folder is gone.
        @Test func aStrangeParentHarmsNobody() async throws {
            let box = try await Sandbox.make()
            let run = try await box.shell(
                """
                exec /usr/bin/python3 -c '
                import os, signal
                gone = "\(box.path("gone"))"
                os.mkdir(gone); os.chdir(gone); os.rmdir(gone); os.umask(0o077)
                os.environ.update(LC_ALL="xx_YY", TZ="Mars/Olympus")
                for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGTERM, signal.SIGINT])
                os.execv("\(Binaries.imgadm)", ["imgadm", "sources", "-f", "-a", "http://127.0.0.1:9"])
                '
                """)
            #expect(run.status == 0, "\(run)")
            let mode = try await Tool.run("stat", "-c", "%a", box.path("var/imgadm/imgadm.conf").string)
            #expect(mode == "644\n")
        }

        @Test(arguments: ["inf", "nan", "1e300", "-1"]) func aTimeThatIsNoneIsAnError(text: String) async throws {
            let run = try await Sandbox.make().imgadm("sources", environment: ["IMGADM_CONNECT_TIMEOUT": text])
            #expect(run.status == 1 && run.errors.contains("error (ConfigError)"), "\(run)")
        }
    }
}
