import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Ansible's own programs run our modules, and the community's, against the binary.
    @Suite(.enabled(if: ExecutableSearch.find("ansible-playbook") != nil, "ansible-core is not installed"))
    struct AnsibleTests {
        /// Where Debian's package of Ansible has the community's modules, unless `IMGADM_TEST_COMMUNITY_GENERAL` names the folder.
        private static let community = FilePath(
            ProcessEnvironment.variables["IMGADM_TEST_COMMUNITY_GENERAL"]
                ?? "/usr/lib/python3/dist-packages/ansible_collections/community/general")
        private static var hasCommunity: Bool {
            // A test that cannot tell is left out, and says so.
            (try? HostFile.exists(community.appending("plugins/modules/imgadm.py"))) == true
        }

        private static let contrib = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .removingLastComponent().removingLastComponent().appending("contrib")

        private func stage() async throws -> Sandbox {
            let box = try await Sandbox.make()
            try await Tool.shell(
                """
                cd '\(box.root)'
                mkdir -p ansible_collections/imgadm ansible_collections/community bin home
                ln -s '\(Self.contrib)/ansible' ansible_collections/imgadm/imgadm
                ln -s '\(Self.community)' ansible_collections/community/general
                ln -s '\(Binaries.imgadm)' bin/imgadm
                """)
            return box
        }

        /// Runs tasks, in check mode if `words` say so; its output is JSON.
        private func play(_ tasks: String, in box: Sandbox, _ words: String = "") async throws -> Sandbox.Run {
            let lines = tasks.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
            try box.write(
                """
                - hosts: localhost
                  gather_facts: false
                  tasks:
                \(lines.joined(separator: "\n"))

                """, to: "play.yml")
            return try await box.shell(
                """
                cd '\(box.root)' && export HOME="$PWD/home" ANSIBLE_LOCAL_TEMP="$PWD/home/tmp" ANSIBLE_REMOTE_TEMP="$PWD/home/remote" &&
                export ANSIBLE_COLLECTIONS_PATHS="$PWD" ANSIBLE_COLLECTIONS_PATH="$PWD" ANSIBLE_NOCOLOR=1 LC_ALL=C.UTF-8 PATH="$PWD/bin:$PATH" &&
                ansible-playbook -c local -i localhost, -e ansible_python_interpreter=/usr/bin/python3 \(words) play.yml < /dev/null
                """)
        }

        @Test func images() async throws {
            let box = try await stage()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let check = try await play(
                """
                - imgadm.imgadm.image: {name: "\(images.middle.uuid)"}
                  register: r
                - assert: {that: "r.changed and r.images | map(attribute='action') | list == ['imported', 'imported']"}
                """, in: box, "--check --diff")
            #expect(check.status == 0, "\(check)")
            #expect(check.output.contains("+\(box.pool)/\(images.middle.uuid) middle@1.0.0"), "\(check)")
            #expect(try await box.datasets().isEmpty)
            let run = try await play(
                """
                - imgadm.imgadm.image: {name: middle, pool: "\(box.pool)"}
                  register: r
                - assert: {that: "r.changed and r.images | length == 2 and r.bytes > 0"}
                - imgadm.imgadm.image: {name: [middle@1.0.0, "\(images.base.uuid)"]}
                  register: r
                - assert: {that: "not r.changed and r.images[0].name == 'middle' and r.images[0].action == 'present'"}
                - imgadm.imgadm.image: {name: middle, state: latest}
                  register: r
                - assert: {that: not r.changed}
                - imgadm.imgadm.image: {name: base, state: absent}
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'ImageHasDependentClones'"}
                - imgadm.imgadm.image: {name: base, state: absent}
                  check_mode: true
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'ImageHasDependentClones'"}
                - imgadm.imgadm.image: {name: middle, state: absent}
                  check_mode: true
                  register: r
                - assert: {that: "r.changed and r.images[0].action == 'deleted'"}
                - imgadm.imgadm.image: {name: [middle, base], state: absent}
                  check_mode: true
                  register: r
                - assert: {that: "r.images | map(attribute='action') | list == ['deleted', 'deleted']"}
                - imgadm.imgadm.image: {name: middle, state: absent}
                  register: r
                - assert: {that: "r.changed and r.images[0].uuid == '\(images.middle.uuid)'"}
                - imgadm.imgadm.image: {name: middle, state: absent}
                  register: r
                - assert: {that: not r.changed}
                - imgadm.imgadm.image: {name: "\(TestUUID.make())"}
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'ActiveImageNotFound'"}
                """, in: box)
            #expect(run.status == 0, "\(run)")
            #expect(try await box.datasets() == [images.base.uuid, "\(images.base.uuid)@final"])
        }

        @Test func imagesOfOneNameAreToldApartByTheirType() async throws {
            let box = try await stage()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let name = "twin-of-ansible"
            let container = try await images.workshop.make(name: name, manifest: ["type": "lx-dataset"])
            let zone = try await images.workshop.make(name: name)
            let run = try await play(
                """
                - imgadm.imgadm.image: {name: \(name), type: lx-dataset}
                  register: r
                - assert: {that: "r.changed and r.images[0].uuid == '\(container.uuid)'"}
                - imgadm.imgadm.image: {name: \(name), type: zone-dataset}
                  register: r
                - assert: {that: "r.changed and r.images[0].uuid == '\(zone.uuid)'"}
                - imgadm.imgadm.image: {name: \(name), type: lx-dataset}
                  register: r
                - assert: {that: "not r.changed and r.images | map(attribute='uuid') | list == ['\(container.uuid)']"}
                - imgadm.imgadm.image: {name: \(name)@1.0.0, type: zvol}
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'ImageNotFound'"}
                - imgadm.imgadm.image: {name: \(name)}
                  register: r
                - assert: {that: "not r.changed and r.images | length == 2"}
                - imgadm.imgadm.image: {name: \(name), state: absent}
                  check_mode: true
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'AmbiguousName'"}
                - imgadm.imgadm.image: {name: ["\(zone.uuid)", "\(name)"], state: absent}
                  check_mode: true
                  register: r
                - assert: {that: "r.images | map(attribute='uuid') | list == ['\(zone.uuid)', '\(container.uuid)']"}
                """, in: box)
            #expect(run.status == 0, "\(run)")
        }

        @Test func dockerImagesAndFiles() async throws {
            let box = try await stage()
            try await Tool.shell(
                "cd '\(box.root)' && mkdir -p r/etc && echo ID=x > r/etc/os-release && tar -C r -cf rootfs.tar etc")
            let path = box.path("rootfs.tar")
            let fields = "{name: a, version: \"1\", os: linux, description: \"set $HOME first\", tags: {team: web}}"
            let file = "{name: \"\(path)\", fields: \(fields)}"
            let run = try await play(
                """
                - imgadm.imgadm.image: \(file)
                  register: r
                - assert: {that: "r.changed and r.images[0].name == 'a'"}
                - imgadm.imgadm.image: {name: "~/../rootfs.tar", fields: \(fields)}
                  register: r
                - assert: {that: not r.changed}
                """, in: box)
            #expect(run.status == 0, "\(run)")
            let description = try await box.imgadm("list", "-Ho", "description", "zpool=\(box.pool)")
            #expect(description.lines == ["set $HOME first"])
            #expect(try await box.imgadm("list", "-Ho", "tags.team", "zpool=\(box.pool)").lines == ["web"])
            let registry = try await RegistryServer()
            let reference = "\(registry.host)/me/app:1"
            let other = "\(registry.host)/me/app:2"
            for each in [reference, other] {
                #expect(try await box.imgadm("push", "-q", "a", each).status == 0)
            }
            let diff = try await play("- imgadm.imgadm.image: {name: \"\(reference)\"}", in: box, "--check --diff")
            #expect(diff.status == 0 && diff.output.contains(" \(reference)\n"), "\(diff)")
            let docker = try await play(
                """
                - imgadm.imgadm.image: {name: "\(reference)", state: "{{ item.state }}"}
                  register: r
                  loop:
                    - {state: present, changed: true}
                    - {state: present, changed: false}
                    - {state: latest, changed: false}
                    - {state: absent, changed: true}
                    - {state: absent, changed: false}
                  failed_when: r.failed or r.changed != item.changed
                """, in: box)
            #expect(docker.status == 0, "\(docker)")
            let single = "{name: \"\(reference)\", state: absent}"
            let several = try await play(
                """
                - imgadm.imgadm.image: {name: ["\(reference)", "\(other)"]}
                - imgadm.imgadm.image: {name: "\(reference)", platform: linux/\(RegistryServer.architecture)}
                  register: r
                - assert: {that: not r.changed}
                - imgadm.imgadm.image: {name: "\(reference)", platform: plan9/mips}
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'PlatformNotFound'"}
                - imgadm.imgadm.image: {name: ["\(reference)", "\(other)"], state: absent}
                  check_mode: true
                  register: r
                - assert: {that: "r.images | map(attribute='action') | list == ['untagged', 'deleted']"}
                - imgadm.imgadm.image: \(single)
                  check_mode: true
                  register: check
                - imgadm.imgadm.image: \(single)
                  register: r
                - assert: {that: "check.images[0].action == 'untagged' and check.changed"}
                - assert: {that: "r.images[0].action == 'untagged' and r.changed"}
                """, in: box)
            #expect(several.status == 0, "\(several)")
        }

        @Test func sources() async throws {
            let box = try await stage()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let url = "http://127.0.0.1:1/images"
            let token = box.path("a.token").string
            try box.write("sesame-of-ansible\n", to: "a.token")
            try await Tool.run("chmod", "600", token)
            let run = try await play(
                """
                - imgadm.imgadm.source: {url: "\(url)", force: true}
                  check_mode: true
                  register: r
                - assert: {that: "r.changed and r.sources | length == 2"}
                - imgadm.imgadm.source: {url: "\(url)", force: true}
                  register: r
                - assert: {that: "r.changed and r.sources | length == 2"}
                - imgadm.imgadm.source: {url: "127.0.0.1:1/images/", force: true}
                  register: r
                - assert: {that: not r.changed}
                - imgadm.imgadm.source: {url: "http://127.0.0.1:1/other"}
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and 'SourcePing' in r.msg"}
                - imgadm.imgadm.source: {url: "\(url)", force: true, token_file: \(token)}
                  check_mode: true
                  register: r
                - assert: {that: "r.changed and r.sources | length == 2 and r.sources[1].tokenFile == '\(token)'"}
                - imgadm.imgadm.source: {url: "\(url)", force: true, token_file: \(token)}
                  register: r
                - assert: {that: "r.changed and r.sources | length == 2 and r.sources[1].tokenFile == '\(token)'"}
                - imgadm.imgadm.source: {url: "\(url)", token_file: \(token)}
                  register: r
                - assert: {that: not r.changed}
                - imgadm.imgadm.source: {url: "\(url)"}
                  register: r
                - assert: {that: "not r.changed and r.sources[1].tokenFile == '\(token)'"}
                - imgadm.imgadm.source: {url: "\(url)", state: absent}
                  register: r
                - assert: {that: "r.changed and r.sources | map(attribute='url') | list == ['\(images.server.url)']"}
                - imgadm.imgadm.source: {url: "\(url)", state: absent}
                  register: r
                - assert: {that: not r.changed}
                """, in: box)
            #expect(run.status == 0, "\(run)")
        }

        @Test func aChannelIsASourceOfItsOwn() async throws {
            let box = try await stage()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let url = "http://127.0.0.1:1/images"
            let run = try await play(
                """
                - imgadm.imgadm.source: {url: "\(url)?channel={{ item }}", force: true}
                  loop: [dev, release]
                - imgadm.imgadm.source: {url: "\(url)?channel=dev", state: absent}
                  check_mode: true
                  register: check
                - imgadm.imgadm.source: {url: "\(url)", state: absent}
                  register: r
                - assert: {that: "not r.changed"}
                - imgadm.imgadm.source: {url: "\(url)?channel=dev", state: absent}
                  register: r
                - assert: {that: "r.changed and r.sources == check.sources and r.diff == check.diff"}
                - assert: {that: "r.sources | map(attribute='channel', default='none') | list == ['none', 'release']"}
                - assert: {that: "'\(url)?channel=release imgapi' in r.diff.after"}
                """, in: box)
            #expect(run.status == 0, "\(run)")
        }

        @Test func theTypeOfARepositoryIsToldByItsURL() async throws {
            let box = try await stage()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let url = "oci://127.0.0.1:1/images"
            let run = try await play(
                """
                - imgadm.imgadm.source: {url: "\(url)", force: true}
                  check_mode: true
                  register: check
                - imgadm.imgadm.source: {url: "\(url)", force: true}
                  register: r
                - assert: {that: "r.changed and r.sources[1].type == 'oci' and r.sources == check.sources"}
                - imgadm.imgadm.source: {url: "\(url)", type: oci}
                  register: r
                - assert: {that: not r.changed}
                - imgadm.imgadm.source: {url: "\(url)", state: absent}
                  register: r
                - assert: {that: "r.changed and r.sources | length == 1"}
                """, in: box)
            #expect(run.status == 0, "\(run)")
        }

        @Test func aPrivateServerIsShownTheTokenOfAFile() async throws {
            let box = try await stage()
            let server = try await CannedServer(respond: { head in
                head.lowercased().contains("authorization: bearer sesame-of-ansible")
                    ? nil : "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            })
            try box.write("sesame-of-ansible\n", to: "token")
            try await Tool.run("chmod", "600", box.path("token").string)
            let run = try await play(
                """
                - imgadm.imgadm.image: {name: "\(TestUUID.make())", source: ["\(server.url)"]}
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'UnauthorizedError'"}
                - imgadm.imgadm.image: {name: "\(TestUUID.make())", source: ["\(server.url)"], token_file: "\(box.path("token"))"}
                  register: r
                  ignore_errors: true
                - assert: {that: "r.failed and r.code == 'ActiveImageNotFound'"}
                """, in: box)
            #expect(run.status == 0, "\(run)")
        }

        @Test func theDocumentationIsReadByAnsible() async throws {
            let box = try await stage()
            let run = try await box.shell(
                """
                cd '\(box.root)' && export HOME="$PWD/home" ANSIBLE_COLLECTIONS_PATHS="$PWD" ANSIBLE_COLLECTIONS_PATH="$PWD" LC_ALL=C.UTF-8 &&
                ansible-doc -j imgadm.imgadm.image imgadm.imgadm.source
                """)
            #expect(run.status == 0, "\(run)")
            let pages = try JSONValue(parsing: Array(run.output.utf8))
            for (module, option) in [("image", "state"), ("source", "insecure")] {
                let page = pages["imgadm.imgadm.\(module)"]
                #expect(page?["doc"]?["options"]?[option]?["description"] != nil, "\(run)")
                #expect(page?["return"]?.objectValue?.isEmpty == false)
                #expect(page?["examples"]?.stringValue?.contains("imgadm.imgadm.\(module):") == true)
            }
        }

        @Test(.enabled(if: Self.hasCommunity, "community.general is not installed"))
        func theCommunitysFactsAreFilled() async throws {
            let box = try await stage()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            // One that came from a source, and one whose source nobody knows.
            try box.write(JSONValue.object(images.base.manifest).text(), to: "base.json")
            let installed = try await box.imgadm(
                "install", "-q", "-m", box.path("base.json").string, "-f", images.base.file.string)
            #expect(installed.status == 0, "\(installed)")
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
            let run = try await play(
                """
                - community.general.smartos_image_info: {filters: "zpool=\(box.pool)"}
                  register: r
                - assert:
                    that:
                      - r.smartos_images['\(images.middle.uuid)'].name == 'middle'
                      - r.smartos_images['\(images.middle.uuid)'].source == '\(images.server.url)'
                      - r.smartos_images['\(images.base.uuid)'].zpool == '\(box.pool)'
                """, in: box)
            #expect(run.status == 0, "\(run)")
        }

        /// The module that reads sentences (neighbours.md, j).
        @Test(.enabled(if: Self.hasCommunity, "community.general is not installed"))
        func theCommunitysModuleGoesOnWorking() async throws {
            let box = try await stage()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            func image(_ image: TestImage, _ state: String, changed: Bool) -> String {
                """
                - community.general.imgadm: {uuid: "\(image.uuid)", state: \(state), pool: "\(box.pool)"}
                  register: r
                - assert: {that: "r.changed == \(changed ? "true" : "false")"}

                """
            }
            let url = "http://127.0.0.1:1"
            let run = try await play(
                image(images.base, "imported", changed: true) + image(images.base, "present", changed: false)
                    + image(images.top, "present", changed: true) + image(images.top, "updated", changed: true)
                    + image(images.top, "deleted", changed: true) + image(images.top, "absent", changed: false)
                        + """
                        - community.general.imgadm: {uuid: "*", state: vacuumed}
                          register: r
                        - assert: {that: r.changed}
                        - community.general.imgadm: {uuid: "\(TestUUID.make())", state: present, pool: "\(box.pool)"}
                          register: r
                          ignore_errors: true
                        - assert: {that: r.failed}
                        - community.general.imgadm: {source: "\(url)", state: "{{ item.state }}", force: true}
                          register: r
                          loop:
                            - {state: present, changed: true}
                            - {state: present, changed: false}
                            - {state: absent, changed: true}
                            - {state: absent, changed: false}
                          failed_when: r.failed or r.changed != item.changed
                        """, in: box)
            #expect(run.status == 0, "\(run)")
            #expect(try await box.datasets().isEmpty)
        }
    }
}
