import Failure
import ImageModel
import Testing

@Suite struct ChecksumListTests {
    private static let one = String(repeating: "01", count: 32)
    private static let two = String(repeating: "a2", count: 32)
    private static let long = String(repeating: "b3", count: 64)

    private func digests(_ text: String, of file: String = "a.img", isItsOwn: Bool = false) throws -> [String] {
        try ChecksumList(Array(text.utf8), name: "SHA256SUMS").digests(of: file, isItsOwn: isItsOwn).map(\.description)
    }

    @Test(arguments: [
        "\(one)  a.img\n", "\(one) *a.img\n", "\(two)  b.img\n\(one)  a.img\n\(two)  a.img.xz", "\(one)  ./a.img\r\n",
        "\(one) *./a.img", "SHA256 (a.img) = \(one)\n", "SHA256(a.img)= \(one)\n", "SHA2-256(a.img)= \(one)\n",
        "SHA256 (./a.img) = \(one)", "\u{feff}\(one)  a.img", "\(one.uppercased())  a.img", "\(one)\ta.img",
        "# a.img: 1 byte\nSHA256 (a.img) = \(one)\n", "\(one)  a.img\n\(one)  a.img\n", "<html>\n\(one)  a.img",
        "\(String(repeating: "0", count: 32))  a.img\n\(one)  a.img\n", "MD5 (a.img) = 00\nSHA256 (a.img) = \(one)\n",
        "\u{0}\u{ff}\n\n\(one)  a.img", "\\\(one)  a.img",
    ])
    func tellsTheDigest(text: String) throws {
        #expect(try digests(text) == ["sha256:\(Self.one)"])
    }

    @Test func tellsBoth() throws {
        #expect(
            try digests("# SHA512 HASH\n\(Self.long)  a.img\nSHA256 (a.img) = \(Self.one)\n")
                == ["sha256:\(Self.one)", "sha512:\(Self.long)"])
        #expect(try digests("SHA512 (a.img) = \(Self.long)") == ["sha512:\(Self.long)"])
    }

    @Test(arguments: [
        ("a (1).img", "SHA256 (a (1).img) = \(one)"), ("a b.img", "\(one)  a b.img"), ("a\\b", "\\\(one)  a\\\\b"),
        ("a\nb", "\\\(one) *a\\nb"), ("deep/a.img", "\(one)  ./deep/a.img"), ("ä.img", "\(one)  ä.img"),
    ])
    func takesUnusualNames(file: String, text: String) throws {
        #expect(try digests(text, of: file) == ["sha256:\(Self.one)"])
    }

    @Test(arguments: [
        "", "\(one)", "\(one)  b.img", "\(one)  deep/a.img", "\(one)  ../a.img", "\(one)  A.IMG", "a.img  \(one)",
        "\(one)a.img", "SHA1 (a.img) = \(one)", "SHA256 a.img = \(one)", "<html>a.img</html>", "\(one)  a.img\0",
        "BLAKE2b (a.img) = \(long)", "x\(one)  a.img", "- \(one)  a.img",
    ])
    func doesNotNameIt(text: String) throws {
        #expect(try digests(text) == [])
    }

    /// A list of one file: by its own name, under another one, or under none.
    @Test(arguments: [
        "\(one)", "\(one)\n", "  \(one)  \n", "\(one)  a.img", "\(one)  build-17.img", "SHA256 (build-17.img) = \(one)",
        "\(two)  a.img.xz\n\(one)  a.img", "\(two)  b.img\n\(one)\n",
    ])
    func aListOfOneFileNeedsNoName(text: String) throws {
        #expect(try digests(text, isItsOwn: true) == ["sha256:\(Self.one)"])
    }

    @Test(arguments: [
        ("\(one)  a.img\n\(two)  a.img", false), ("\(one)  a.img\nSHA256 (./a.img) = \(two)", false),
        ("SHA256 (a.img) = \(one)00", false), ("SHA256 (a.img) = ", false), ("SHA512 (a.img) = \(one)", false),
        ("\(one.dropLast())  a.img", false), ("\(one)\n\(two)\n", true), ("\(one)  b\n\(two)  c\n", true),
        ("\(long)\n\(String(repeating: "0", count: 128))", true),
    ])
    func whatContradictsItselfIsAnError(text: String, isItsOwn: Bool) {
        let error = #expect(throws: Failure.self) { try digests(text, isItsOwn: isItsOwn) }
        #expect(error?.code == .invalidChecksumList)
    }

    // MARK: Clear-signed

    private static func signed(_ lines: String) -> String {
        """
        -----BEGIN PGP SIGNED MESSAGE-----
        Hash: SHA256

        \(lines)
        -----BEGIN PGP SIGNATURE-----

        iQIzBAEBCAAdFiEE
        -----END PGP SIGNATURE-----

        """
    }

    @Test(arguments: [
        signed("SHA256 (a.img) = \(one)"), signed("- # dashes\n\(two)  b.img\n\(one)  a.img"),
        "\n" + signed("\(one)  a.img"),
        signed("\(one)  a.img").split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"),
        signed("- \(one)  a.img"),
    ])
    func readsWhatWasSigned(text: String) throws {
        #expect(try digests(text) == ["sha256:\(Self.one)"])
    }

    /// Neither headers nor the signature are content.
    @Test func armorIsNoContent() throws {
        let text = Self.signed("nothing").replacing("Hash: SHA256", with: "\(Self.one)  a.img")
        #expect(try digests(text) == [])
        #expect(
            try digests(Self.signed("nothing").replacing("iQIz", with: "\(Self.one)  a.img\n"), isItsOwn: true) == [])
    }

    @Test(arguments: [
        "\(one)  a.img\n" + signed(""), signed("") + "\(one)  a.img", signed("x") + signed("y"),
        String(signed("\(one)  a.img").prefix(120)), "-----BEGIN PGP SIGNED MESSAGE-----",
        signed("x").replacing("-----END PGP SIGNATURE-----", with: ""),
    ])
    func aBrokenMessageIsAnError(text: String) {
        let error = #expect(throws: Failure.self) { try digests(text) }
        #expect(error?.code == .invalidChecksumList)
    }

    @Test func whatIsTooLongIsAnError() {
        #expect(throws: Failure.self) {
            try ChecksumList(Array(repeating: 10, count: (4 << 20) + 1), name: "SHA256SUMS")
        }
    }

    // MARK: Where lists lie

    @Test(arguments: [
        ("noble-server-cloudimg-amd64.img", "SHA256SUMS", false),
        ("debian-13-genericcloud-amd64-20250814-2204.qcow2", "SHA512SUMS", false),
        (
            "Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2", "Fedora-Cloud-43-1.6-x86_64-CHECKSUM", false
        ),
        ("AlmaLinux-9-GenericCloud-latest.x86_64.qcow2", "CHECKSUM", false),
        ("Rocky-9-GenericCloud.latest.x86_64.qcow2", "Rocky-9-GenericCloud.latest.x86_64.qcow2.CHECKSUM", true),
        ("FreeBSD-14.3-RELEASE-amd64-zfs.qcow2.xz", "CHECKSUM.SHA256", false),
        ("a.img", "a.img.sha256", true),
    ])
    func knowsWhereListsLie(file: String, list: String, isItsOwn: Bool) {
        #expect(ChecksumListName.beside(file).contains { $0.name == list && $0.isItsOwn == isItsOwn })
    }
}
