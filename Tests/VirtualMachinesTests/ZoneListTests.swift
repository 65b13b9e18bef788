import Host
import Testing

@testable import VirtualMachines

/// The lines of `zoneadm list -pc`: `id:name:state:path:uuid:brand:ip-type`.
@Suite struct ZoneListTests {
    private func roots(_ text: String) -> Set<String> {
        ZoneRoots.parse(CommandOutcome(ending: .exited(0), output: Array(text.utf8)).lines)
    }

    @Test func theZonesOfAHost() {
        let one = "01b2c898-945f-11e1-a523-af1afbe22822"
        let two = "352971aa-31ba-496c-9ade-a379feaecd52"
        let text = """
            0:global:running:/::liveimg:shared:0
            7:\(one):running:/zones/\(one):\(one):joyent-minimal:excl:7
            -:\(two):installed:/zones/\(two):\(two):lx:excl:8

            """
        #expect(roots(text) == ["/zones/\(one)", "/zones/\(two)"])
    }

    @Test(arguments: [
        ("-:a:installed:/zones/a:u:b:excl", "/zones/a"), ("-:a:installed:/zones/a", "/zones/a"),
        ("-:a:configured:/zones/a::lx:shared:", "/zones/a"), ("-:a:down:/zones/a b:u", "/zones/a b"),
        (#"-:a:installed:/zones/a\:b:u"#, "/zones/a:b"), (#"-:a:installed:/zones/\:\::u"#, "/zones/::"),
        (#"-:a\:b:installed:/zones/a:u"#, "/zones/a"), (#"-:\:\:\::installed:/zones/a:u"#, "/zones/a"),
        (#"-:a:installed:/zones/a\\b:u"#, #"/zones/a\b"#), (#"-:a:installed:/zones/a\\:u"#, #"/zones/a\"#),
        (#"-:a:installed:/zones/a\\\:b:u"#, #"/zones/a\:b"#), (#"-:a:installed:/zones/a\"#, "/zones/a"),
        ("-:a:installed:/zones/世界:u", "/zones/世界"), ("-:Global:installed:/zones/g:u", "/zones/g"),
        ("-:globally:installed:/zones/g:u", "/zones/g"), ("-::installed:/zones/a:u", "/zones/a"),
    ])
    func theFourthFieldIsTheRoot(line: String, root: String) {
        #expect(roots(line) == [root])
    }

    /// The global zone is the host itself: its root is no VM.
    @Test(arguments: [
        "0:global:running:/::liveimg:shared:0", "0:global:running:/", "-:global:installed:/zones/global:u", "", "\n",
        "7", "7:a", "7:a:running", #"7:a:running\:/zones/a"#, "zoneadm: global zone: no such zone configured",
    ])
    func anythingElseIsNoRoot(line: String) {
        #expect(roots(line) == [])
        #expect(roots("\(line)\n-:a:installed:/zones/a:u\n\(line)\n") == ["/zones/a"])
    }

    @Test func aRootThatIsNamedTwiceIsOne() {
        #expect(roots("1:a:running:/zones/a:u\n2:b:running:/zones/a:u\n") == ["/zones/a"])
    }
}
