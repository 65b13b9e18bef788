import JSON
import TestHost
import Testing

extension EndToEnd {
    /// The shape of the tool (cli.md §1).
    @Suite struct CommandLineTests {
        let commands = ["help", "sources", "avail", "show", "import", "install", "list", "get", "ancestry", "delete"]

        @Test func noCommandShowsTheHelpAndFails() async throws {
            let run = try await Sandbox.make().imgadm()
            #expect(run.status == 1)
            #expect(run.output.contains("USAGE: imgadm"))
            #expect(run.errors.contains("error (NoCommand)"))
        }

        @Test(arguments: [["help"], ["-h"], ["--help"]])
        func helpIsOnStandardOutput(words: [String]) async throws {
            let run = try await Sandbox.make().imgadm(words)
            #expect(run.status == 0)
            for command in commands { #expect(run.output.contains("\n  \(command) ")) }
            #expect(run.errors.isEmpty)
        }

        @Test(arguments: ["1", "20", "40", "80", "1000", "0", "-5", "junk", "", "99999999999999999999"])
        func helpFitsWhateverColumnsSays(columns: String) async throws {
            let box = try await Sandbox.make()
            for words in [["help"], ["--help"], ["help", "import"], ["sources", "-h"], ["list", "--nonsense"]] {
                let run = try await box.imgadm(words, environment: ["COLUMNS": columns])
                #expect(run.status == (words.contains("--nonsense") ? 2 : 0), "\(words): \(run)")
            }
        }

        /// What people try, and what it says to do.
        static let slips: [(words: [String], status: Int32, says: [String])] = [
            (["get"], 2, ["missing argument: IMAGE"]), (["delete"], 2, ["missing argument: IMAGE"]),
            (["import"], 2, ["missing argument: IMAGE"]),
            (["delete", "-n", "base"], 2, ["delete has no dry run"]),
            (["push", "-n", "a", "b"], 2, ["push has no dry run"]),
            (["show", "-S", "http://x", "base"], 2, ["imgadm import -n -S URL"]),
            (["list", "--pool", "x"], 2, ["Unknown option '--pool'\n"]),
            (["list", "--jsn"], 2, ["Did you mean '--json'?"]),
            (["get", "-j", "base"], 2, ["get prints JSON anyway"]),
            (["show", "--json", "base"], 2, ["show prints JSON anyway"]),
            (["avail", "name~ba"], 2, ["hint: 'name=~ba' is what has that in its name"]),
            (["avail", "os~ba"], 2, ["hint: 'os=~ba' is what has that in its os"]),
            (["list", "name~=ba"], 2, ["invalid filter: \"name~=ba\"", "hint: 'name=~ba'\n"]),
            (["avail", "base"], 2, ["hint: 'name=~base' is what has that in its name"]),
            (["export", "-o", "/tmp", "base"], 2, ["\"/tmp\" is a folder", "-o /tmp/NAME"]),
            (["export", "-o", "new/", "base"], 2, ["\"new/\" is a folder", "-o new/NAME"]),
            (["export", "-o", "-x", "base"], 2, ["error (Option)", "\"-x\" looks like an option", "./-x"]),
            (["convert", "-o", "-x", "disk.raw"], 2, ["error (Option)", "\"-x\" looks like an option"]),
            (["inspect", "nothere"], 3, ["there is no file \"nothere\" here", "\"nothere\" was not found on zpool"]),
            (["inspect", "$x"], 1, ["there is no file \"$x\" here", "InvalidUUID"]),
        ]

        @Test(arguments: slips)
        func aSlipIsToldInTheWordsOfWhoMadeIt(row: (words: [String], status: Int32, says: [String])) async throws {
            let run = try await Sandbox.make().imgadm(row.words)
            #expect(run.status == row.status, "\(row.words): \(run)")
            for says in row.says { #expect(run.errors.contains(says), "\(row.words): \(run)") }
        }

        /// What went wrong with several things is told with what to do about each.
        @Test func eachOfSeveralErrorsHasItsHint() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.top.uuid).status == 0)
            let run = try await box.imgadm("delete", "tpo", "bsae")
            #expect(run.errors.contains("error (MultiError)"), "\(run)")
            #expect(run.errors.contains("  hint: did you mean \"top\"?\n"), "\(run)")
            #expect(run.errors.contains("  hint: did you mean \"base\"?\n"), "\(run)")
        }

        @Test func everyCommandHasHelp() async throws {
            let box = try await Sandbox.make()
            for command in commands {
                let byHelp = try await box.imgadm("help", command)
                let byOption = try await box.imgadm(command, "-h")
                let byLongOption = try await box.imgadm(command, "--help")
                #expect(byHelp.status == 0 && byOption.status == 0 && byLongOption.status == 0)
                #expect(byHelp.output.contains("USAGE: imgadm \(command)"))
                #expect(byOption.output == byHelp.output && byLongOption.output == byHelp.output)
            }
        }

        @Test(arguments: [("available", "avail"), ("info", "get"), ("destroy", "delete")])
        func aliasesAreTheCommandItself(alias: String, command: String) async throws {
            let box = try await Sandbox.make()
            #expect(try await box.imgadm("help", alias).output == box.imgadm("help", command).output)
        }

        @Test func versionIsThreeNumbers() async throws {
            let run = try await Sandbox.make().imgadm("--version")
            #expect(run.status == 0)
            #expect(run.output.wholeMatch(of: /imgadm \d+\.\d+\.\d+\n/) != nil)
        }

        /// Words, exit status, code.
        static let usageErrors: [([String], Int32, String)] = [
            (["frobnicate"], 1, "UnknownCommand"), (["help", "frobnicate"], 1, "UnknownCommand"),
            (["lst"], 1, "UnknownCommand"), (["help", "improt"], 1, "UnknownCommand"),
            (["--frob"], 2, "Option"), (["-x", "list"], 2, "Option"),
            (["list", "-x"], 2, "Option"), (["list", "--frob"], 2, "Option"), (["list", "-o"], 2, "Option"),
            (["list", "nofilter"], 2, "Usage"), (["avail", "=x"], 2, "Usage"),
            (["get"], 2, "Usage"), (["get", "a", "b"], 2, "Usage"), (["get", "nonsense"], 3, "ImageNotInstalled"),
            (["delete"], 2, "Usage"), (["delete", "nonsense"], 3, "ImageNotInstalled"),
            (["get", "$x"], 1, "InvalidUUID"),
            (["ancestry"], 2, "Usage"), (["show"], 2, "Usage"), (["show", "a", "b"], 2, "Usage"),
            (["import"], 2, "Usage"), (["import", "$(reboot)"], 2, "Usage"),
            (["import", "/etc/passwd"], 1, "InvalidFile"),
            (["import", "-S", "ftp://x", "01234567-89ab-cdef-0123-456789abcdef"], 2, "Usage"),
            (["install"], 2, "Usage"), (["install", "-m", "/none"], 2, "Usage"),
            (["install", "-f", "/none"], 2, "Usage"),
            (["install", "-m", "/none", "-f", "/none"], 2, "Usage"),
            (["install", "-m", "a", "-f", "b", "c"], 2, "Usage"),
            (["sources", "surplus"], 2, "Usage"), (["sources", "-a", "http://x", "-d", "http://x"], 2, "Usage"),
            (["sources", "-c", "-e"], 2, "Usage"), (["sources", "-t", "bogus", "-a", "http://x"], 2, "Usage"),
            (["sources", "-fa", "ftp://x"], 2, "Usage"), (["sources", "-fa", "http://"], 2, "Usage"),
            (["sources", "-fa", "http://x:99999"], 2, "Usage"),
            (["help", "a", "b"], 2, "Usage"), (["list", "-P", "x"], 1, "PoolNotFound"),
            (["get", "-P", "-x", "01234567-89ab-cdef-0123-456789abcdef"], 1, "InvalidPoolName"),
            (["get", "-P", "a/b", "01234567-89ab-cdef-0123-456789abcdef"], 1, "InvalidPoolName"),
            (["create"], 2, "Usage"),
            (["publish"], 2, "Usage"),
        ]

        /// Ways to call each command that takes a pool, with the pool left out.
        static let callsWithPool: [[String]] = [
            ["ancestry", "web"], ["check"], ["create", "01234567-89ab-cdef-0123-456789abcdef"],
            ["create", "--recover", "01234567-89ab-cdef-0123-456789abcdef"], ["delete", "web"],
            ["export", "-o", "x.zfs.gz", "web"], ["export", "-o", "x.zfs.gz", "/etc/passwd"], ["get", "web"],
            ["import", "01234567-89ab-cdef-0123-456789abcdef"], ["import", "web"], ["import", "debian:12"],
            ["import", "/etc/passwd"], ["inspect", "web"], ["inspect", "/etc/passwd"],
            ["install", "-m", "/etc/passwd", "-f", "/etc/passwd"], ["list"], ["list", "-o", "help"],
            ["push", "web", "127.0.0.1:1/web:1"], ["vacuum", "-f"], ["vacuum", "-n"],
        ]

        /// Also where the command would need no pool; and an empty word, which a script has not filled in, is not all of them.
        @Test(arguments: callsWithPool)
        func whatNamesNoPoolIsRefused(words: [String]) async throws {
            let box = try await Sandbox.make()
            for word in ["a/b", "", "-x", "9"] {
                let run = try await box.imgadm([words[0], "-P", word] + words.dropFirst())
                #expect(run.status == 1 && run.output.isEmpty, "\(word): \(run)")
                #expect(run.errors.contains("imgadm \(words[0]): error (InvalidPoolName): "), "\(word): \(run)")
            }
        }

        @Test(arguments: usageErrors)
        func mistakesHaveACodeAndAStatus(words: [String], status: Int32, code: String) async throws {
            let run = try await Sandbox.make().imgadm(words)
            #expect(run.status == status, "\(run)")
            #expect(run.errors.contains("error (\(code)): "), "\(run)")
            #expect(run.output.isEmpty)
        }

        /// What was typed, what the hint says to type.
        static let otherWords: [([String], String)] = [
            (["rm"], "imgadm delete does that here"), (["pull"], "imgadm import does that here"),
            (["images"], "imgadm list does that here"), (["version"], "imgadm --version does that here"),
            (["lsit"], "did you mean \"list\"?"), (["frobnicate"], "imgadm help lists the commands"),
            (["-P", "tank", "list"], "options of a command stand after it: imgadm list -P"),
            (["-j", "list"], "options of a command stand after it: imgadm list -j"),
            (["import", "docker://debian:12"], "imgadm import docker:debian:12"),
            (["import", "oci://h.example/vm/a:1"], "imgadm sources -a oci://h.example/vm/a\n"),
            (["import", "ftp://127.0.0.1/disk.qcow2"], "imgadm import URL takes a disk"),
            (["create", "web"], "a VM is named by its UUID"), (["create", "web"], "zfs rename POOL/NAME POOL/$(cat"),
            (["help", "rm"], "imgadm delete does that here"),
            (["publish", "a.zfs", "http://127.0.0.1:1"], "imgadm publish -m MANIFEST -f a.zfs http://127.0.0.1:1"),
            (["publish", "-f", "a.zfs", "http://127.0.0.1:1"], "imgadm publish -m MANIFEST -f a.zfs http://"),
            (["install", "/etc/hostname"], "imgadm install -m MANIFEST -f /etc/hostname"),
            (["install", "-m", "a.json", "/etc/hostname"], "imgadm install -m a.json -f /etc/hostname"),
            (["install", "web"], "imgadm import web takes an image of a source"),
            (["export", "web.qcow2", "web@1"], "imgadm export -o web.qcow2 web@1"),
            (["export", "web@1", "web.tar.gz"], "imgadm export -o web.tar.gz web@1"),
            (["export", "web"], "imgadm export -o OUT IMAGE"),
            (["get"], "imgadm help get shows how it is called"),
            (["get", "--pool=tank", "web"], "-P POOL chooses the zpool"),
            (["list", "web"], "'name=~web' is what has that in its name"),
            (["sources", "https://a.example"], "imgadm sources -a https://a.example adds a source"),
            (["ancestry", "a", "b"], "imgadm help ancestry shows how it is called"),
        ]

        @Test(arguments: otherWords)
        func aMistakeIsToldWithWhatWorks(words: [String], hint: String) async throws {
            let run = try await Sandbox.make().imgadm(words)
            #expect(run.status != 0 && run.errors.contains("hint: ") && run.errors.contains(hint), "\(run)")
        }

        @Test func aStructuredErrorIsTheLastLine() async throws {
            let run = try await Sandbox.make().imgadm(
                "-E", "get", "01234567-89ab-cdef-0123-456789abcdef",
                environment: ["REQ_ID": "11111111-2222-3333-4444-555555555555"])
            #expect(run.status == 3)
            let last = try #require(run.errors.split(separator: "\n").last)
            let record = try JSONValue(parsing: String(last))
            #expect(record["name"] == "imgadm")
            #expect(record["level"] == 50)
            #expect(record["v"] == 0)
            #expect(record["req_id"] == "11111111-2222-3333-4444-555555555555")
            #expect(record["err"]?["code"] == "ImageNotInstalled")
            #expect(record["err"]?["name"] == "ImageNotInstalledError")
            #expect(record["err"]?["message"]?.stringValue?.contains("was not found on zpool") == true)
            #expect(record["time"]?.stringValue?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
            for field in ["hostname", "pid", "msg"] { #expect(record[field] != nil) }
        }

        @Test func verboseLogsEverythingWithItsSource() async throws {
            let run = try await Sandbox.make().imgadm("-v", "list")
            let records = try run.errors.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            #expect(!records.isEmpty)
            #expect(records.allSatisfy { $0["src"]?["file"] != nil && $0["src"]?["line"] != nil })
        }

        @Test func theLogLevelComesFromTheEnvironment() async throws {
            let box = try await Sandbox.make()
            #expect(try await box.imgadm("list").errors.isEmpty)
            #expect(
                try await box.imgadm("list", environment: ["IMGADM_LOG_LEVEL": "trace"]).errors.contains("\"level\":10")
            )
            let invalid = try await box.imgadm("list", environment: ["IMGADM_LOG_LEVEL": "loud"])
            #expect(invalid.status == 0)
            #expect(invalid.errors.contains("\"level\":40") && invalid.errors.contains("loud"))
        }

        @Test func optionsClusterAndJoin() async throws {
            let box = try await Sandbox.make()
            let fixture = try await Fixture.get()
            try box.use(fixture.server.url)
            let spelled = try await box.imgadm("avail", "-H", "-o", "uuid", "-s", "uuid")
            #expect(spelled.lines.count >= 3)
            for words in [["-Ho", "uuid", "-suuid"], ["-Houuid", "-s", "uuid"], ["-ouuid", "-suuid", "-H"]] {
                #expect(try await box.imgadm(["avail"] + words).output == spelled.output, "\(words)")
            }
        }

        @Test func aClosedPipeEndsTheToolQuietly() async throws {
            let box = try await Sandbox.make()
            let images = (0..<3000).map { "{\"uuid\":\"\(TestUUID.make())\",\"name\":\"image-\($0)\"}" }
            let server = try await CannedServer(["/images": "[\(images.joined(separator: ","))]"])
            try box.use(server.url)
            let run = try await box.shell("set -o pipefail; imgadm avail | head -n 1; echo status ${PIPESTATUS[0]}")
            #expect(run.lines.last == "status 0", "\(run)")
            #expect(run.errors.isEmpty, "\(run)")
        }

        @Test func helpAndVersionWriteNothing() async throws {
            let box = try await Sandbox.make()
            for words in [["--version"], ["help"], ["list"], ["sources"]] { _ = try await box.imgadm(words) }
            #expect(try box.read("var/imgadm/imgadm.conf") == nil)
        }

        @Test func controlCharactersOfAServerDoNotReachTheTerminal() async throws {
            let box = try await Sandbox.make()
            let server = try await CannedServer([
                "/images": "[{\"uuid\":\"\(TestUUID.make())\",\"name\":\"evil\\u001b[2J\\nname\"}]"
            ])
            try box.use(server.url)
            let run = try await box.imgadm("avail")
            #expect(run.status == 0)
            #expect(!run.output.contains("\u{1b}"))
            #expect(run.lines.count == 2)
        }
    }
}
