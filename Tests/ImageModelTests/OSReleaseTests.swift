import ImageModel
import Testing

@Suite struct OSReleaseTests {
    private func read(_ text: String) throws -> OSRelease { try #require(OSRelease(Array(text.utf8))) }

    private static let debian = """
        PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
        NAME="Debian GNU/Linux"
        VERSION_ID="13"
        VERSION="13 (trixie)"
        VERSION_CODENAME=trixie
        ID=debian
        HOME_URL="https://www.debian.org/"

        """

    @Test(
        arguments: [
            (debian, "debian-13", nil, "13", ImageOS.linux),
            (
                "NAME=FreeBSD\nVERSION=\"14.3-RELEASE\"\nVERSION_ID=\"14.3\"\nID=freebsd\n", "freebsd-14.3", nil,
                "14.3", .bsd
            ),
            (
                "ID=omnios\nVERSION_ID=r151054\nBUILD_ID=151054.0.2025.05.05\n", "omnios-r151054",
                "151054.0.2025.05.05", "r151054", .illumos
            ),
            (
                "NAME='Arch Linux'\nID=arch\nBUILD_ID=rolling\nIMAGE_ID=archlinux\nIMAGE_VERSION=20250801.1",
                "archlinux", "20250801.1", nil, .linux
            ),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.6\"\n", "rocky-9.6", nil, "9.6", .linux),
            ("ID=homebrewed\nID_LIKE=\"foo freebsd\"\n", "homebrewed", nil, nil, .bsd),
            ("ID=homebrewed\r\nVERSION_ID=1\r\n", "homebrewed-1", nil, "1", .linux),
        ] as [(String, String, String?, String?, ImageOS)])
    func tellsOfSystems(text: String, name: String, version: String?, release: String?, os: ImageOS) throws {
        let told = try read(text)
        #expect(told.name == name)
        #expect(told.version == version)
        #expect(told.release == release)
        #expect(told.os == os)
    }

    /// As a shell takes it.
    @Test(arguments: [
        ("A=b", "b"), ("A=", ""), ("A=''", ""), ("A=\"b c\"", "b c"), ("A='b c'", "b c"), ("A=b c", "b"),
        ("A=\"a\\\"b\"", "a\"b"), ("A=\"a\\$b\\`c\\\\d\"", "a$b`c\\d"), ("A=\"a\\nb\"", "a\\nb"), ("A='a\\b'", "a\\b"),
        ("A='a\"b'", "a\"b"), ("A=\"a'b\"", "a'b"), ("A=a\\ b", "a b"), ("A='a'\"b\"c", "abc"), ("A=\"b\nc\"", "b\nc"),
        ("A=\"b\\\nc\"", "bc"), ("A=b#c", "b#c"), ("  A=b", "b"), ("A=b\nA=c", "c"), ("A=\"$HOME\"", "$HOME"),
        ("A=$(id)", "$(id)"), ("A=b\\", "b"),
    ])
    func quotes(text: String, value: String) throws {
        #expect(try read(text)["A"] == value)
    }

    @Test(arguments: ["", "#A=b", "A", "A b", "=b", "export A=b", "A =b", "A=\"b", "A='b\n", "\0A=b", "é=b"])
    func passesOverWhatIsNoAssignment(text: String) throws {
        let told = try read(text)
        #expect(told["A"] == nil)
        #expect(told.name == nil)
        #expect(told.os == nil)
    }

    @Test func goesOnBehindWhatIsNone() throws {
        #expect(try read("what is this\nB=\"open\\\"\nA=\"\nID=debian")["ID"] == "debian")
    }

    @Test(arguments: [
        "ID=\"a/b\"", "ID=..\\ x", "ID='\u{1b}[31m'", "ID=", "ID=é", "ID=\(String(repeating: "a", count: 200))",
    ])
    func aNameIsOneOnlyByTheRules(text: String) throws {
        #expect(try read(text).name == nil)
    }

    @Test func whatIsTooLongIsNone() {
        #expect(OSRelease(Array(repeating: UInt8(ascii: "A"), count: OSRelease.longest + 1)) == nil)
    }
}
