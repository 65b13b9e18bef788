import Host
import JSON
import TestHost
import Testing

extension EndToEnd {
    /// The completion of real shells.
    @Suite struct CompletionTests {
        /// What is asked for, and what must be among the answers.
        private static func rows(_ box: Sandbox, _ images: Fixture) -> [(line: String, answer: String)] {
            [
                ("imgadm li", "list"), ("imgadm get ", images.base.uuid), ("imgadm get ", "base"),
                ("imgadm get \(images.base.uuid.prefix(9))", images.base.uuid), ("imgadm list --format ", "jsonl"),
                ("imgadm get -P ", box.pool), ("imgadm import --progress p", "plain"),
                ("imgadm import -S ", images.server.url), ("imgadm remote ", "channel-add"),
                ("imgadm remote en", "enable"),
                ("imgadm list -o uni", "unique"), ("imgadm completion ", "fish"),
                ("imgadm get alp", "alpine:3.20"), ("imgadm list -P ", box.pool),
            ]
        }

        private static func make() async throws -> (Sandbox, Fixture) {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
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
            return (box, images)
        }

        @Test func bash() async throws {
            let (box, images) = try await Self.make()
            for (line, answer) in Self.rows(box, images) {
                // What bash does when the tabulator is pressed.
                let run = try await box.shell(
                    """
                    PATH="$(dirname \(Binaries.imgadm)):$PATH"; source '\(box.path("completion.bash"))'; unset -f imgadm
                    COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count); read -ra COMP_WORDS <<< "$COMP_LINE"
                    [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                    $(complete -p imgadm | sed 's/.*-F \\([^ ]*\\).*/\\1/') imgadm "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """)
                #expect(run.lines.map { $0.trimmingBlanks }.contains(answer), "\(line): \(run)")
            }
        }

        /// A filter goes on behind its field, and what a field may be is no file and no other field. A reference goes on behind
        /// its colon.
        @Test(arguments: [
            ("imgadm list na", "imgadm list name=;"), ("imgadm list type=z", "imgadm list type=z;"),
            ("imgadm get alpine:3", "imgadm get alpine:3.20 ;"),
        ])
        func whatBashMakesOfAFilter(typed: String, line: String) async throws {
            let (box, _) = try await Self.make()
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
                os.write(terminal, b"PS1=; bind 'set bell-style none'; source '\(box.path("completion.bash"))'; echo rea''dy\\n")
                until(b"ready")
                os.write(terminal, b"\(typed)\\t;:; echo do''ne\\n")
                print(until(b"done").decode())
                os.close(terminal)
                """, to: "type.py")
            let run = try await box.shell(
                "PATH=\"$(dirname \(Binaries.imgadm)):$PATH\" python3 '\(box.path("type.py"))'")
            #expect(run.output.contains(line), "\(run)")
        }

        @Test func fish() async throws {
            let (box, images) = try await Self.make()
            for (line, answer) in Self.rows(box, images) {
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
            let (box, images) = try await Self.make()
            for (line, answer) in Self.rows(box, images) where !line.hasSuffix("li") {
                try box.write(
                    """
                    zmodload zsh/zpty; zpty z zsh -f -i
                    zpty -w z "fpath=('\(box.path(""))' \\$fpath); autoload -Uz compinit; compinit -u -D; PS1=READY; LISTMAX=1000; bindkey '^I' list-choices"
                    wait_for() { local all=''; for i in {1..100}; do zpty -r -t z part && all+=$part; [[ $all == *$1* ]] && break; sleep 0.05; done; print -r -- "$all"; }
                    wait_for READY; zpty -w -n z '\(line)'$'\\t'; wait_for '\(answer)'; zpty -d z
                    """, to: "press.zsh")
                let run = try await box.shell(
                    "PATH=\"$(dirname \(Binaries.imgadm)):$PATH\" HOME='\(box.path(""))' zsh -f '\(box.path("press.zsh"))'"
                )
                #expect(run.output.contains(answer), "\(line): \(run)")
            }
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String { split(separator: " ").joined(separator: " ") }
}
