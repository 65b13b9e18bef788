import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// The completion of real shells.
    @Suite struct CompletionTests {
        /// What is asked for, and what must be among the answers.
        private static func rows(
            _ box: Sandbox, _ images: Fixture, _ machine: String
        ) -> [(line: String, answer: String)] {
            [
                ("imgadm li", "list"), ("imgadm get ", images.base.uuid), ("imgadm get ", "base"),
                ("imgadm get \(images.base.uuid.prefix(9))", images.base.uuid), ("imgadm list --format ", "jsonl"),
                ("imgadm get -P ", box.pool), ("imgadm import --progress p", "plain"),
                ("imgadm import -S ", images.server.url), ("imgadm remote ", "channel-add"),
                ("imgadm remote en", "enable"), ("imgadm remote delete ", images.server.url),
                ("imgadm remote disable mid", "middle"),
                ("imgadm list -o uni", "unique"), ("imgadm completion ", "fish"),
                ("imgadm get alp", "alpine:3.20"), ("imgadm list -P ", box.pool),
                // Behind a comma the list goes on, without what it has.
                ("imgadm list -o uuid,uni", "uuid,unique"),
                ("imgadm vacuum -x top,bas", "top,base"), ("imgadm help va", "vacuum"),
                ("imgadm list type=zv", "type=zvol"), ("imgadm vacuum state=dis", "state=disabled"),
                ("imgadm vacuum --keep ba", "base="),
                ("imgadm list reference=al", "reference=alpine:3.20"),
                ("imgadm list zpool=\(box.pool.prefix(3))", "zpool=\(box.pool)"),
                // What the sources have, as it was last listed.
                ("imgadm import mid", "middle"), ("imgadm show to", "top"), ("imgadm avail name=mid", "name=middle"),
                ("imgadm create ", machine),
            ]
        }

        private static func make() async throws -> (Sandbox, Fixture, machine: String) {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
            #expect(try await box.imgadm("avail").status == 0)
            let machine = TestUUID.make()
            try await Tool.run("zfs", "clone", "\(box.pool)/\(images.base.uuid)@final", "\(box.pool)/\(machine)")
            let record: JSONValue = [
                "manifest": [
                    "v": 2, "uuid": .string(images.middle.uuid), "name": "docker-layer", "type": "docker",
                    "tags": ["docker:repo": "alpine", "docker:tag:3.20": true],
                ], "zpool": .string(box.pool), "source": "https://docker.io",
            ]
            try box.write(record.text(), to: "var/imgadm/images/\(box.pool)-\(images.middle.uuid).json")
            for shell in ["bash", "zsh", "fish"] {
                let script = try await box.imgadm("completion", shell)
                #expect(script.status == 0 && script.output.count > 1000)
                try box.write(script.output, to: shell == "zsh" ? "_imgadm" : "completion.\(shell)")
            }
            return (box, images, machine)
        }

        @Test func bash() async throws {
            let (box, images, machine) = try await Self.make()
            for (line, answer) in Self.rows(box, images, machine) {
                // What bash does when the tabulator is pressed.
                let run = try await box.shell(
                    """
                    PATH="$(dirname \(Binaries.imgadm)):$PATH"; source '\(box.path("completion.bash"))'; unset -f imgadm
                    COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count); read -ra COMP_WORDS <<< "$COMP_LINE"
                    [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                    $(complete -p imgadm | sed 's/.*-F \\([^ ]*\\).*/\\1/') imgadm "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """)
                // What stands before the last = or : of a word stays as it is.
                let rest = String(answer.dropFirst(line.split(separator: " ").last.map(Self.settled) ?? 0))
                #expect(run.lines.map { $0.trimmingBlanks }.contains(rest), "\(line): \(run)")
            }
        }

        /// What bash answers, as far as it is not only asked whether something is among it.
        @Test(arguments: [
            ("imgadm hel", ["help"]), ("imgadm list --format=js", ["json", "jsonl"]),
            // Twice only where it is the value of an option.
            ("imgadm delete base ba", []), ("imgadm vacuum -x base -x ba", ["base"]),
            ("imgadm list -o unique -s uni", ["unique"]),
            ("imgadm list -o help,", []), ("imgadm list --format=", ["csv", "json", "jsonl", "table", "yaml"]),
        ])
        func bashAnswersThisAlone(line: String, answers: [String]) async throws {
            let (box, _, _) = try await Self.make()
            let run = try await Self.press(line, in: box)
            #expect(run.lines.map { $0.trimmingBlanks }.filter { !$0.isEmpty }.sorted() == answers, "\(run)")
        }

        /// The other shells neither: an image that was named is not offered again, nor is a filter; the value of an option may be.
        static let again: [(line: String, offered: [String], not: [String])] = [
            ("imgadm delete -j base ", ["alpine:3.20"], ["base"]),
            ("imgadm delete -P zones alpine:3.20 ", ["base"], ["alpine:3.20"]),
            ("imgadm delete ", ["alpine:3.20", "base"], []), ("imgadm delete bas", ["base"], []),
            ("imgadm vacuum -x base -x ba", ["base"], []), ("imgadm list state=active sta", ["state="], []),
            ("imgadm vacuum type=zvol type=z", [], ["type=zvol"]),
        ]

        @Test func fishNamesNothingTwice() async throws {
            let (box, _, _) = try await Self.make()
            for (line, offered, not) in Self.again {
                let run = try await box.shell(
                    """
                    PATH="$(dirname \(Binaries.imgadm)):$PATH" HOME='\(box.path(""))' fish -c "source '\(box.path("completion.fish"))'; complete -C '\(line)'"
                    """)
                let words = run.lines.map { String($0.prefix { $0 != "\t" }) }
                #expect(offered.allSatisfy(words.contains) && !not.contains(where: words.contains), "\(line): \(run)")
            }
        }

        @Test func zshNamesNothingTwice() async throws {
            let (box, _, _) = try await Self.make()
            for (line, offered, not) in Self.again {
                guard let last = offered.last, !line.contains(last) else { continue }
                try box.write(Self.pressed(line, until: last, in: box), to: "press.zsh")
                let run = try await box.shell(
                    "PATH=\"$(dirname \(Binaries.imgadm)):$PATH\" HOME='\(box.path(""))' zsh -f '\(box.path("press.zsh"))'"
                )
                // What was typed is shown, too.
                let listed = run.output.replacing(line.trimmingBlanks, with: "")
                #expect(offered.allSatisfy(listed.contains), "\(line): \(run)")
                let words = listed.split(whereSeparator: \.isWhitespace).map(String.init)
                #expect(!not.contains(where: words.contains), "\(line): \(run)")
            }
        }

        /// What zsh does when the tabulator is pressed.
        private static func pressed(_ line: String, until answer: String, in box: Sandbox) -> String {
            """
            zmodload zsh/zpty; zpty z zsh -f -i
            zpty -w z "fpath=('\(box.path(""))' \\$fpath); autoload -Uz compinit; compinit -u -D; PS1=READY; LISTMAX=1000; bindkey '^I' list-choices"
            wait_for() { local all=''; for i in {1..2000}; do zpty -r -t z part && all+=$part; [[ $all == *$1* ]] && break; sleep 0.05; done; print -r -- "$all"; }
            wait_for READY; zpty -w -n z '\(line)'$'\\t'; wait_for '\(answer)'; zpty -d z
            """
        }

        private static func press(_ line: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell(
                """
                PATH="$(dirname \(Binaries.imgadm)):$PATH"; source '\(box.path("completion.bash"))'; unset -f imgadm
                COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count); read -ra COMP_WORDS <<< "$COMP_LINE"
                [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                $(complete -p imgadm | sed 's/.*-F \\([^ ]*\\).*/\\1/') imgadm "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                printf '%s\\n' "${COMPREPLY[@]}"
                """)
        }

        /// What a server calls its images, or a record, may be anything; what is typed for somebody, not.
        @Test func noNameIsOfferedThatIsNone() async throws {
            let box = try await Sandbox.make()
            let names = [
                "--force", "-f", "/etc/passwd", "https://example.com/x", "--", "a b", "a;reboot", "$(reboot)",
                "a\u{1b}[1m", "..",
                "../x", "a//b", "~root", "a:b", "a@b", "*", "", "plain", "web/1.2-a_b",
            ]
            let images = names.map { name -> JSONValue in
                [
                    "v": 2, "uuid": .string(TestUUID.make()), "name": .string(name), "version": "1", "os": "linux",
                    "type": "other",
                    "owner": "00000000-0000-0000-0000-000000000000", "state": "active",
                    "published_at": "2026-01-01T00:00:00.000Z",
                ]
            }
            let server = try await CannedServer(["/images": JSONValue.array(images).text()])
            try box.use(server.url)
            #expect(try await box.imgadm("avail", "-H").status == 0)
            let offered = ["plain", "web/1.2-a_b"]
            #expect(try await box.imgadm("complete", "available", "").lines == offered)
            #expect(try await box.imgadm("complete", "filters", "name=").lines == offered.map { "name=\($0)" })
        }

        /// The same of what a manifest says that docker calls an image, whatever its type.
        @Test func noReferenceIsOfferedThatIsNone() async throws {
            let (box, images) = (try await Sandbox.make(), try await Fixture.get())
            var manifest = images.base.manifest
            manifest["tags"] = [
                "docker:repo": "$(reboot)", "docker:tag:1": true, "docker:tag:`reboot`": true,
                "docker:tag:;reboot": true,
            ]
            try box.write(JSONValue.object(manifest).text(), to: "image.json")
            let run = try await box.imgadm(
                "install", "-q", "-m", box.path("image.json").string, "-f", images.base.file.string)
            #expect(run.status == 0, "\(run)")
            try box.use("http://127.0.0.1:1/$(reboot)")
            for words in [
                ["images", ""], ["filters", "reference="], ["filters", "version="], ["filters", "uuid="],
                ["sources", ""],
                ["remote", ""], ["filters", "source="],
            ] {
                let offered = try await box.imgadm(["complete"] + words)
                #expect(offered.status == 0 && !offered.output.contains("reboot"), "\(offered)")
            }
            #expect(try await box.imgadm("complete", "images", "").lines.first == images.base.uuid)
        }

        /// How much of a word bash has done with.
        private static func settled(_ word: Substring) -> Int {
            word.lastIndex { "=:".contains($0) }.map { word.distance(from: word.startIndex, to: $0) + 1 } ?? 0
        }

        /// Keys are files; files are meant where no name of an image fits.
        @Test func whereFilesAreMeantBashOffersThem() async throws {
            let (box, _, _) = try await Self.make()
            let script = try #require(try box.read("completion.bash"))
            #expect(script.components(of: "'--key')", lines: 2).contains("-f"), "\(script)")
            #expect(script.contains("compopt -o default"))
            let server = try await Tool.run(Binaries.server, "completion", "bash")
            try box.write(server, to: "server.bash")
            for (line, answer) in [
                ("imgapi-server --ro", "--root"), ("imgapi-server mir", "mirror"),
                ("imgapi-server --mode pr", "private"),
                ("imgapi-server mirror --pru", "--prune"),
            ] {
                let run = try await box.shell(
                    """
                    source '\(box.path("server.bash"))'
                    COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count); read -ra COMP_WORDS <<< "$COMP_LINE"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                    $(complete -p imgapi-server | sed 's/.*-F \\([^ ]*\\).*/\\1/') imgapi-server "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """)
                #expect(run.lines.map { $0.trimmingBlanks }.contains(answer), "\(line): \(run)")
            }
            for shell in ["zsh", "fish"] {
                let script = try await Tool.run(Binaries.server, "completion", shell)
                #expect(script.contains("largest-file") && script.contains("mirror"), "\(shell)")
            }
        }

        /// A filter goes on behind its field, and what a field may be is no file and no other field. A reference goes on behind
        /// its colon.
        @Test(arguments: [
            ("imgadm list na", "imgadm list name=;"), ("imgadm list type=z", "imgadm list type=z;"),
            ("imgadm get alpine:3", "imgadm get alpine:3.20 ;"), ("imgadm list type=zv", "imgadm list type=zvol ;"),
            ("imgadm list reference=alpine:3", "imgadm list reference=alpine:3.20 ;"),
        ])
        func whatBashMakesOfAFilter(typed: String, line: String) async throws {
            let (box, _, _) = try await Self.make()
            let run = try await Self.type("\(typed)\\t;:", in: box)
            #expect(run.output.contains(line), "\(run)")
        }

        /// What a terminal shows when something is typed to bash.
        private static func type(_ keys: String, in box: Sandbox) async throws -> Sandbox.Run {
            try box.write(
                """
                import os, pty, select, sys
                child, terminal = pty.fork()
                if child == 0:
                    os.execvp("bash", ["bash", "--norc", "-i"])
                def until(text):
                    said = b""
                    while text not in said and select.select([terminal], [], [], 60)[0]:
                        said += os.read(terminal, 4096)
                    return said
                # Keys before the prompt would be the terminal's own to edit: bash takes them over just before it shows that.
                os.write(terminal, b"bind 'set bell-style none'; source '\(box.path("completion.bash"))'; PS1='rea''dy:'\\n")
                until(b"ready:")
                os.write(terminal, b"\(keys); echo do''ne\\n")
                print(until(b"done").decode())
                os.close(terminal)
                """, to: "type.py")
            return try await box.shell(
                "PATH=\"$(dirname \(Binaries.imgadm)):$PATH\" python3 '\(box.path("type.py"))'")
        }

        /// A name with slashes is no file: what is before the last of them tells it from others.
        @Test func aNameIsShownAsAWhole() async throws {
            let (box, images, _) = try await Self.make()
            for (uuid, name) in [(images.base.uuid, "web/one/cloud"), (images.middle.uuid, "web/two/cloud")] {
                let record: JSONValue = [
                    "manifest": ["v": 2, "uuid": .string(uuid), "name": .string(name), "type": "zvol"],
                    "zpool": .string(box.pool),
                ]
                try box.write(record.text(), to: "var/imgadm/images/\(box.pool)-\(uuid).json")
            }
            let run = try await Self.type("imgadm delete we\\t\\t\\t\\x15", in: box)
            #expect(run.output.contains("web/one/cloud  web/two/cloud"), "\(run)")
        }

        /// What is no image server has nothing that could be changed there.
        @Test func remoteIsOfferedServersOfImages() async throws {
            let box = try await Sandbox.make()
            try box.write(
                #"{"sources":[{"url":"http://127.0.0.1:1"},{"type":"oci","url":"oci://127.0.0.1:1/vm"},{"type":"simplestreams","url":"http://127.0.0.1:2"}]}"#,
                to: "var/imgadm/imgadm.conf")
            #expect(try await box.imgadm("complete", "remote", "").lines == ["http://127.0.0.1:1"])
            #expect(try await box.imgadm("complete", "sources", "").lines.count == 3)
        }

        @Test func fish() async throws {
            let (box, images, machine) = try await Self.make()
            for (line, answer) in Self.rows(box, images, machine) {
                let run = try await box.shell(
                    """
                    PATH="$(dirname \(Binaries.imgadm)):$PATH" HOME='\(box.path(""))' fish -c "source '\(box.path("completion.fish"))'; complete -C '\(line)'"
                    """)
                #expect(
                    run.lines.contains { $0.split(separator: "\t").first.map(String.init) == answer }, "\(line): \(run)"
                )
            }
        }

        @Test func zsh() async throws {
            let (box, images, machine) = try await Self.make()
            for (line, answer) in Self.rows(box, images, machine) where !line.hasSuffix("li") {
                try box.write(Self.pressed(line, until: answer, in: box), to: "press.zsh")
                let run = try await box.shell(
                    "PATH=\"$(dirname \(Binaries.imgadm)):$PATH\" HOME='\(box.path(""))' zsh -f '\(box.path("press.zsh"))'"
                )
                #expect(run.output.contains(answer), "\(line): \(run)")
            }
        }
    }
}

extension String {
    /// The line that has a text, and those behind it.
    fileprivate func components(of text: String, lines: Int) -> String {
        let all = split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = all.firstIndex(where: { $0.contains(text) }) else { return "" }
        return all[start...].prefix(lines).joined(separator: "\n")
    }

    fileprivate var trimmingBlanks: String { split(separator: " ").joined(separator: " ") }
}
