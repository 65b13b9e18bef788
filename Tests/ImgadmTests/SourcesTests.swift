import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm sources` (cli.md §3).
    @Suite struct SourcesTests {
        @Test func theStandardSourceIsThereUntilItIsChanged() async throws {
            let box = try await Sandbox.make()
            #expect(try await box.imgadm("sources").output == "https://images.smartos.org\n")
            #expect(
                try await box.imgadm("sources", "-v").output == """
                    URL                         TYPE    INSECURE
                    https://images.smartos.org  imgapi  false

                    """)
            let json = try JSONValue(parsing: try await box.imgadm("sources", "-j").output)
            #expect(json == [["type": "imgapi", "url": "https://images.smartos.org"]])
        }

        @Test func addPingsAndAppends() async throws {
            let box = try await Sandbox.make()
            let server = try await Fixture.get().server
            let first = try await box.imgadm("sources", "-a", server.url)
            #expect(first.output == "Added \"imgapi\" image source \"\(server.url)\"\n", "\(first)")
            let again = try await box.imgadm("sources", "-a", server.url + "/")
            #expect(again.output == "Already have \"imgapi\" image source \"\(server.url)\", no change\n")
            #expect(again.status == 0)
            // The implicit standard source stays.
            #expect(try await box.imgadm("sources").lines == ["https://images.smartos.org", server.url])
        }

        @Test func twoURLsOfOneSourceAreOne() async throws {
            let box = try await Sandbox.make()
            _ = try await box.imgadm("sources", "-f", "-a", "example.com:80/base/")
            for same in ["http://example.com/base", "http://EXAMPLE.com:80/base//", "example.com/base"] {
                #expect(try await box.imgadm("sources", "-f", "-a", same).output.hasPrefix("Already have"), "\(same)")
            }
            for other in ["https://example.com/base", "http://example.com/", "http://example.com:81/base"] {
                #expect(try await box.imgadm("sources", "-f", "-a", other).output.hasPrefix("Added"), "\(other)")
            }
            #expect(
                try await box.imgadm("sources", "-fka", "http://example.com/base").output.hasSuffix(" (insecure)\n"))
            #expect(
                try await box.imgadm("sources", "-ft", "dsapi", "-a", "http://example.com/base").output.hasPrefix(
                    "Added \"dsapi\""))
            #expect(
                try await box.imgadm("sources", "-fa", "http://example.com/base?channel=dev").output
                    == "Added \"imgapi\" image source \"http://example.com/base\" (channel=dev)\n")
            let json = try JSONValue(parsing: try await box.imgadm("sources", "-j").output)
            #expect(json[7] == ["type": "imgapi", "url": "http://example.com/base", "channel": "dev"])
        }

        /// Each is tried, and what failed is told at the end.
        @Test func severalURLsAreEachAddedAndDeleted() async throws {
            let box = try await Sandbox.make()
            let server = try await Fixture.get().server
            let (other, dead) = ("\(server.url)?channel=x", "http://127.0.0.1:1")
            let added = try await box.imgadm("sources", "-a", server.url, "-a", dead, "-fa", other)
            #expect(added.status == 0 && added.lines.count == 3, "\(added)")
            let deleted = try await box.imgadm("sources", "-d", dead, "-d", server.url)
            #expect(deleted.status == 0 && deleted.lines.allSatisfy { $0.hasPrefix("Deleted") }, "\(deleted)")
            let some = try await box.imgadm("sources", "-a", dead, "-a", server.url)
            #expect(some.status == 1 && some.errors.contains("(SourcePing)"), "\(some)")
            #expect(try await box.imgadm("sources").lines == ["https://images.smartos.org", other, server.url])
            // One that is no URL is a slip in all of the command.
            let slip = try await box.imgadm("sources", "-f", "-a", "http://127.0.0.1:2", "-a", "ht tp://x")
            #expect(slip.status == 2, "\(slip)")
            #expect(try await box.imgadm("sources").lines == ["https://images.smartos.org", other, server.url])
            // A token is for one server.
            let token = try await box.imgadm("sources", "-a", dead, "-a", other, "--token-file", "/etc/passwd")
            #expect(token.status == 2 && token.errors.contains("one -a URL"), "\(token)")
        }

        @Test func whatHasNoSchemeIsHTTPWithAWord() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            let place = String(images.server.url.dropFirst(7))
            try box.write(JSONValue.object(images.base.manifest).text(), to: "image.json")
            let file = images.base.file.string
            for words in [
                ["publish", "-m", box.path("image.json").string, "-f", file, place], ["import", "-nS", place, "base"],
                ["import", "-nS", place, images.base.uuid],
            ] {
                let run = try await box.imgadm(words)
                #expect(run.errors.contains("warning: \"\(place)\" names no scheme"), "\(run)")
            }
            let bare = try await box.imgadm("sources", "-fa", "example.com")
            #expect(bare.output == "Added \"imgapi\" image source \"http://example.com\"\n")
            #expect(bare.errors.contains("warning: \"example.com\" names no scheme"), "\(bare)")
            #expect(bare.errors.contains("https://example.com does"), "\(bare)")
            for url in ["http://example.org", "https://example.org"] {
                #expect(try await box.imgadm("sources", "-fa", url).errors.isEmpty, "\(url)")
            }
        }

        @Test func aChannelThatTheServerDoesNotHaveIsTold() async throws {
            let box = try await Sandbox.make()
            let channels = "[{\"name\":\"dev\"},{\"name\":\"staging\",\"default\":true}]"
            let ping = "{\"ping\":\"pong\",\"imgapi\":true}"
            let server = try await CannedServer(["/ping": ping, "/channels": channels])
            for (name, hint) in [("stagign", "did you mean \"staging\"?"), ("nope", "its channels are dev, staging")] {
                let run = try await box.imgadm("sources", "-a", "\(server.url)?channel=\(name)")
                #expect(run.status == 1 && run.errors.contains("error (SourcePing)"), "\(run)")
                #expect(run.errors.contains("has no channel \"\(name)\"") && run.errors.contains(hint), "\(run)")
            }
            // One without channels heeds none (imgapi.md, section 6).
            let plain = try await CannedServer(["/ping": ping])
            for url in ["\(server.url)?channel=dev", "\(server.url)?channel=*", "\(plain.url)?channel=nope"] {
                let run = try await box.imgadm("sources", "-a", url)
                #expect(run.status == 0 && run.errors.contains("has no channels") == url.hasSuffix("nope"), "\(run)")
            }
            let check = try await box.imgadm("sources", "-c")
            #expect(check.errors.contains("\(plain.url) has no channels"), "\(check)")
        }

        @Test func aSourceThatDoesNotAnswerIsNotAdded() async throws {
            let box = try await Sandbox.make()
            let html = try await CannedServer(["*": "<html>hello</html>"])
            for url in ["http://127.0.0.1:1", html.url] {
                let run = try await box.imgadm("sources", "-a", url)
                #expect(run.status == 1)
                #expect(run.errors.contains("error (SourcePing)"), "\(run)")
            }
            #expect(try box.read("var/imgadm/imgadm.conf") == nil)
        }

        @Test func dockerHubHasItsOption() async throws {
            let box = try await Sandbox.make()
            let run = try await box.imgadm("sources", "--add-docker-hub", "-f")
            #expect(run.output == "Added \"docker\" image source \"https://docker.io\"\n")
        }

        @Test func deleteSaysWhatItDid() async throws {
            let box = try await Sandbox.make()
            _ = try await box.imgadm("sources", "-fa", "http://example.com")
            #expect(
                try await box.imgadm("sources", "-d", "example.com:80/").output
                    == "Deleted \"imgapi\" image source \"http://example.com\"\n")
            let none = try await box.imgadm("sources", "-d", "http://example.com")
            #expect(none.output == "Do not have image source \"http://example.com\", no change\n")
            #expect(none.status == 0)
            _ = try await box.imgadm("sources", "-d", "https://images.smartos.org")
            #expect(try await box.imgadm("sources").output.isEmpty)
            // With no source left, an empty list is no reason to bring the standard one back.
            let avail = try await box.imgadm("avail")
            #expect(avail.status == 1 && avail.errors.contains("error (NoSources)"))
        }

        /// Another channel is another source.
        @Test func deleteTakesWhatWasNamedAndNoOther() async throws {
            let box = try await Sandbox.make()
            let url = "http://example.com"
            for other in [url, "\(url)?channel=a", "\(url)?channel=b"] {
                _ = try await box.imgadm("sources", "-fa", other)
            }
            #expect(
                try await box.imgadm("sources", "-d", "\(url)?channel=a").output
                    == "Deleted \"imgapi\" image source \"\(url)\" (channel=a)\n")
            #expect(
                try await box.imgadm("sources", "-d", url).output == "Deleted \"imgapi\" image source \"\(url)\"\n")
            let none = try await box.imgadm("sources", "-d", url)
            #expect(none.status == 0 && none.output.hasPrefix("Do not have image source"), "\(none)")
            #expect(none.errors.contains("\(url)?channel=b"), "\(none)")
            #expect(try await box.imgadm("sources").lines.last == "\(url)?channel=b")
        }

        @Test func checkAsksAllAndKeepsTheirOrder() async throws {
            let box = try await Sandbox.make()
            let good = try await Fixture.get().server
            try box.write(
                """
                {"sources": [{"type":"imgapi","url":"http://127.0.0.1:1"},{"type":"imgapi","url":"\(good.url)"}]}
                """, to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("sources", "-c")
            #expect(run.status == 1 && run.errors.contains("error (SourcePing): unexpected ping error"), "\(run)")
            #expect(run.errors.contains("\"http://127.0.0.1:1\""), "\(run)")
            #expect(run.lines.count == 3, "\(run)")
            #expect(run.lines[0].hasPrefix("URL") && run.lines[0].hasSuffix("ERROR"))
            #expect(run.lines[1].hasPrefix("http://127.0.0.1:1 ") && run.lines[1].contains("false"))
            #expect(run.lines[2].hasPrefix(good.url) && run.lines[2].contains("true"))
            let json = try await box.imgadm("sources", "-c", "-j")
            let told = try JSONValue(parsing: json.output)
            #expect(json.status == 1 && told[0]?["url"] == "http://127.0.0.1:1" && told[0]?["ok"] == false, "\(json)")
            #expect(told[0]?["error"]?["code"] == "ConnectionError", "\(json)")
            #expect(told[1]?["ok"] == true && told[1]?["error"] == nil && told.arrayValue?.count == 2, "\(json)")
            let csv = try await box.imgadm("sources", "-c", "--format", "csv")
            #expect(csv.lines.first == "url,type,ok,error" && csv.lines.last == "\(good.url),imgapi,true,", "\(csv)")
            try box.use(good.url)
            #expect(try await box.imgadm("sources", "-c").status == 0)
        }

        /// What is asked of a form that there is not is no table.
        @Test func whatChangesSourcesTellsNoJSON() async throws {
            let box = try await Sandbox.make()
            for words in [["-fa", "http://127.0.0.1:1"], ["-d", "http://x"], ["-e"], ["--add-docker-hub", "-f"]] {
                let run = try await box.imgadm(["sources", "-j"] + words)
                #expect(run.status == 2 && run.errors.contains("-j and --format go with"), "\(run)")
            }
            #expect(try box.read("var/imgadm/imgadm.conf") == nil)
        }

        @Test(arguments: ["a&channel=b", "a&channel=a", "&channel=b"])
        func oneOfTwoChannelsIsNotChosen(channels: String) async throws {
            let box = try await Sandbox.make()
            let url = "http://127.0.0.1:1?channel=\(channels)"
            for words in [
                ["sources", "-fa", url], ["sources", "-d", url], ["import", "-S", url, TestUUID.make()],
                ["remote", "list", url], ["publish", "-m", "x", "-f", "x", url],
            ] {
                let run = try await box.imgadm(words)
                #expect(run.status == 2 && run.errors.contains("channel= more than once"), "\(words): \(run)")
            }
        }

        /// Whatever was to be done with it.
        @Test func noPasswordInAURLIsSaidBack() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            for url in ["http://u:s3cret@127.0.0.1:1", "http://u:x/s3cret@127.0.0.1:1", "oci://s3cret@127.0.0.1:1/a"] {
                for words in [
                    ["sources", "-a", url], ["sources", "-a\(url)"], ["sources", "-d", url], ["sources", url],
                    ["import", "-S", url, uuid], ["import", "-j", "-S", url, uuid], ["import", url], ["show", url],
                    ["remote", "list", url], ["publish", "-m", "x", "-f", "x", url], ["push", uuid, url],
                    ["inspect", url], ["convert", url, "-o", "x.qcow2"], ["install", "-m", url, "-f", url],
                    ["export", "-o", url, uuid], ["list", url], ["delete", url], ["check", url], [url], ["help", url],
                    ["list", "--nonsense", url],
                ] {
                    for mode in [[], ["-v"], ["-E"]] as [[String]] {
                        let run = try await box.imgadm(mode + words)
                        #expect(run.status != 0 && !(run.output + run.errors).contains("s3cret"), "\(words): \(run)")
                    }
                }
                try box.write("{\"sources\": [{\"type\":\"imgapi\",\"url\":\"\(url)\"}]}", to: "var/imgadm/imgadm.conf")
                for words in [
                    ["sources"], ["sources", "-j"], ["sources", "-c"], ["avail"], ["-v", "show", uuid], ["check"],
                ] {
                    let run = try await box.imgadm(words)
                    #expect(!(run.output + run.errors).contains("s3cret"), "\(words): \(run)")
                }
                let proxied = try await box.imgadm(
                    ["-v", "avail"], environment: ["http_proxy": url, "https_proxy": url])
                #expect(!(proxied.output + proxied.errors).contains("s3cret"), "\(proxied)")
                try box.write("{\"sources\": []}", to: "var/imgadm/imgadm.conf")
            }
            let typed = try await box.imgadm("sources", "-fa", "u:s3cret@127.0.0.1:1")
            #expect(typed.status == 2 && typed.errors.contains("\"***@127.0.0.1:1\""), "\(typed)")
            // Without a scheme it is no URL, and looks like a reference.
            for word in ["u:s3cret@127.0.0.1:1/a", "u:s3cret@127.0.0.1:1", "docker:u:s3cret@h/a", "oci:u:s3cret@h/a"] {
                for words in [
                    ["sources", "-a", word], ["sources", "-d", word], ["sources", word], ["import", "-S", word, uuid],
                    ["import", word], ["import", "-j", word], ["show", word], ["remote", "list", word],
                    ["publish", "-m", "x", "-f", "x", word], ["push", uuid, word], ["inspect", word],
                    ["convert", word, "-o", "x.qcow2"], ["install", "-m", word, "-f", word], ["get", word],
                    ["export", "-o", "x.raw", word], ["list", word], ["delete", word], ["delete", "-j", word],
                    ["check", word], ["extract", word], ["create", word], ["update", word], [word], ["help", word],
                    ["list", "--nonsense=\(word)"], ["vacuum", word], ["list", "-o", word], ["list", "-P", word],
                ] {
                    for mode in [[], ["-v"], ["-E"]] as [[String]] {
                        let run = try await box.imgadm(mode + words, environment: ["IMGADM_LOG_LEVEL": "trace"])
                        #expect(!(run.output + run.errors).contains("s3cret"), "\(mode + words): \(run)")
                    }
                }
            }
            try box.write(
                "{\"sources\": [{\"type\":\"none\",\"url\":\"u:s3cret@127.0.0.1:1\"}]}", to: "var/imgadm/imgadm.conf")
            let unknown = try await box.imgadm("sources")
            #expect(unknown.status != 0 && unknown.errors.contains("\"***@127.0.0.1:1\""), "\(unknown)")
            try box.write("{\"sources\": []}", to: "var/imgadm/imgadm.conf")
            let json = try await box.imgadm("import", "-j", "-S", "http://u:s3cret@127.0.0.1:1", uuid)
            #expect(try JSONValue(parsing: json.output)["error"]?["code"] == "Usage" && json.status == 2, "\(json)")
        }

        @Test func unknownKeysOfTheConfigSurvive() async throws {
            let box = try await Sandbox.make()
            try box.write(
                "{\"zebra\": [1, 2.50], \"upgradedToVer\": \"3.0.0\", \"dockerImportSkipUuids\": false}",
                to: "var/imgadm/imgadm.conf")
            _ = try await box.imgadm("sources", "-fa", "http://example.com")
            let text = try #require(try box.read("var/imgadm/imgadm.conf"))
            let config = try JSONValue(parsing: text)
            #expect(config["zebra"]?.text() == "[1,2.50]")
            #expect(config["dockerImportSkipUuids"] == false)
            #expect(text.hasSuffix("}\n") && text.contains("\n  \"zebra\""))
        }

        @Test func aBrokenConfigIsNamed() async throws {
            let box = try await Sandbox.make()
            for text in [
                "{", "[]", "null", "\"x\"", "", "{\"sources\": 5}", "{\"sources\": [5]}", "{\"sources\": [{}]}",
                "{\"sources\":[{\"type\":\"bogus\",\"url\":\"http://x\"}]}",
            ] {
                try box.write(text, to: "var/imgadm/imgadm.conf")
                let run = try await box.imgadm("sources")
                #expect(run.status == 1, "\(text)")
                #expect(run.errors.contains("error (ConfigError)"), "\(text): \(run)")
                #expect(try box.read("var/imgadm/imgadm.conf") == text)
                // What does not need the config works.
                #expect(try await box.imgadm("list").status == 0)
            }
        }

        @Test(arguments: ["url", "type", "channel", "tokenFile"])
        func whatIsNoTextInTheConfigIsNamed(field: String) async throws {
            let box = try await Sandbox.make()
            let url = field == "url" ? "" : "\"url\": \"http://x\", "
            try box.write("{\"sources\": [{\(url)\"\(field)\": 5}]}", to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("sources")
            #expect(run.status == 1 && run.errors.contains("\"\(field)\" of an image source is no text: 5"), "\(run)")
        }

        @Test func manyAddersLoseNothing() async throws {
            let box = try await Sandbox.make()
            let run = try await box.shell(
                "for i in 1 2 3 4 5 6 7 8; do imgadm sources -fa http://example.com/$i & done; wait; imgadm sources")
            #expect(run.lines.filter { $0.hasPrefix("http://example.com/") }.count == 8, "\(run)")
            #expect(try box.leftovers().isEmpty)
        }

        // MARK: the editor

        private func edit(_ box: Sandbox, _ script: String) async throws -> Sandbox.Run {
            // The servers of these tests are not there to be asked.
            try await box.imgadm(
                "sources", "-f", "-e", environment: ["EDITOR": "f() { \(script); }; f", "TMPDIR": box.root.string])
        }

        @Test func editingTellsEveryChange() async throws {
            let box = try await Sandbox.make()
            _ = try await box.imgadm("sources", "-fa", "http://a.example.com")
            #expect(try await edit(box, "true").output == "Image sources unchanged\n")
            let reordered = try await edit(
                box, "echo 'http://a.example.com imgapi' > $1; echo 'https://images.smartos.org imgapi' >> $1")
            #expect(reordered.output == "Reordered image sources\n")
            let changed = try await edit(
                box,
                "grep -v smartos $1 > $1.x; mv $1.x $1; echo 'https://b.example.com?channel=dev imgapi insecure' >> $1")
            #expect(
                changed.output == """
                    Added "imgapi" image source "https://b.example.com" (insecure) (channel=dev)
                    Deleted "imgapi" image source "https://images.smartos.org"

                    """)
            #expect(
                try await box.imgadm("sources").lines == ["http://a.example.com", "https://b.example.com?channel=dev"])
        }

        @Test(arguments: [
            ("echo 'http://a bogus' > $1", "bogus"), ("echo 'http://a' > $1", "line 1"),
            ("printf '# x\\nhttp://a imgapi\\nhttp://a imgapi\\n' > $1", "line 3"),
            ("echo 'ftp://a imgapi' > $1", "line 1"), ("echo 'http://a imgapi secure' > $1", "secure"),
        ])
        func aMistakeIsNamedAndNothingIsLost(script: String, named: String) async throws {
            let box = try await Sandbox.make()
            let run = try await edit(box, script)
            #expect(run.status == 2, "\(run)")
            #expect(run.errors.contains(named), "\(run)")
            #expect(run.errors.contains("kept in"), "\(run)")
            #expect(try box.read("var/imgadm/imgadm.conf") == nil)
        }

        @Test func anEditorThatRemovesTheFileLeavesNothingBehind() async throws {
            let box = try await Sandbox.make()
            let run = try await edit(box, "rm $1; touch ${1%/*}/backup~")
            #expect(run.status == 1 && run.errors.contains("has removed the file"), "\(run)")
            #expect(try !HostFile.names(in: box.root).contains { $0.hasPrefix("imgadm-sources.") })
        }

        /// The mistake is told, the same file opens again with what was typed, and what is right then is taken. Enter means yes.
        @Test(arguments: ["y", ""])
        func aMistakeIsEditedAgainOnATerminal(answer: String) async throws {
            let box = try await Sandbox.make()
            // Who types for the second time finds what he has typed, and says so.
            try box.write(
                """
                #!/bin/sh
                if grep -q bogus "$1"; then sed -i s/bogus/imgapi/ "$1"; echo mended "$1"; else echo 'http://a bogus' >> "$1"; fi
                """, to: "editor")
            let run = try await box.terminal(
                "sources", "-f", "-e", answers: [("Edit again? [Y/n] ", "\(answer)\n")],
                environment: ["VISUAL": "sh '\(box.path("editor"))'", "TMPDIR": box.root.string])
            #expect(run.status == 0, "\(run)")
            #expect(run.output.contains("\"bogus\" is no source type") && run.output.contains("mended "), "\(run)")
            #expect(run.output.contains("Added \"imgapi\" image source \"http://a\""), "\(run)")
            #expect(try await box.imgadm("sources").lines == ["https://images.smartos.org", "http://a"])
            #expect(try !HostFile.names(in: box.root).contains { $0.hasPrefix("imgadm-sources.") })
        }

        /// Who does not go on, by a word or by a signal, changes nothing and finds what he has typed.
        @Test(arguments: [("n\n", 2), ("\u{4}", 2), ("\u{3}", 130)] as [(String, Int32)])
        func whoDoesNotEditAgainKeepsWhatWasTyped(keys: String, status: Int32) async throws {
            let box = try await Sandbox.make()
            let run = try await box.terminal(
                "sources", "-f", "-e", answers: [("Edit again? [Y/n] ", keys)],
                environment: ["EDITOR": "f() { echo 'http://a bogus' > \"$1\"; }; f", "TMPDIR": box.root.string])
            #expect(run.status == status, "\(run)")
            let folder = try #require(HostFile.names(in: box.root).first { $0.hasPrefix("imgadm-sources.") })
            let file = "\(folder)/sources.txt"
            #expect(run.output.contains("what you typed is kept in \(box.path(file))"), "\(run)")
            #expect(try box.read(file) == "http://a bogus\n")
            #expect(try box.read("var/imgadm/imgadm.conf") == nil)
        }

        /// VISUAL comes before EDITOR, and an empty one counts for nothing; vi is for who names none.
        @Test(arguments: [
            (["VISUAL": "echo visual", "EDITOR": "echo editor"], "visual "),
            (["VISUAL": "", "EDITOR": "echo editor"], "editor "),
            (["VISUAL": "", "EDITOR": ""], "vi "),
        ])
        func theEditorIsChosen(named: [String: String], opens: String) async throws {
            let box = try await Sandbox.make()
            try box.write("#!/bin/sh\necho vi \"$@\"\n", to: "bin/vi")
            try await Tool.run("chmod", "+x", box.path("bin/vi").string)
            let path = "\(box.path("bin")):\(ProcessEnvironment.variables["PATH"] ?? "")"
            let run = try await box.terminal(
                "sources", "-e", answers: [],
                environment: named.merging(["TMPDIR": box.root.string, "PATH": path]) { $1 })
            #expect(run.status == 0 && run.output.contains("Image sources unchanged"), "\(run)")
            #expect(run.output.hasPrefix("\(opens)\(box.root)/imgadm-sources."), "\(run)")
        }

        @Test func viWantsATerminal() async throws {
            let run = try await Sandbox.make().shell("unset VISUAL EDITOR; imgadm sources -e < /dev/null")
            #expect(run.status == 2 && run.errors.contains("needs a terminal"), "\(run)")
        }

        @Test func anEditorThatFailsChangesNothing() async throws {
            let box = try await Sandbox.make()
            let run = try await edit(box, "echo 'http://a imgapi' > $1; return 3")
            #expect(run.status == 1 && run.errors.contains("error (CommandFailed)"), "\(run)")
            #expect(try box.read("var/imgadm/imgadm.conf") == nil)
        }
    }
}
