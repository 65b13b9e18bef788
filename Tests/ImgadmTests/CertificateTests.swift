import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What is said of a server's certificate that is not accepted (cli.md §1).
    @Suite struct CertificateTests {
        /// Makes NAME.pem and NAME.key for 127.0.0.1 in a folder.
        private static func make(_ how: String, in folder: FilePath) async throws {
            try await Tool.shell(
                """
                cd '\(folder)'
                names='subjectAltName=IP:127.0.0.1'
                certificate() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout $1.key -out $1.pem "${@:2}" 2>/dev/null; }
                # dated FROM TO: cert.pem, signed by itself, which is valid in that time
                dated() {
                    openssl req -new -newkey rsa:2048 -nodes -subj /CN=dated -addext "$names" -keyout cert.key -out cert.csr 2>/dev/null
                    : > index; echo 01 > serial
                    printf '[ca]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\ndefault_md=sha256\\npolicy=any\\nx509_extensions=ext\\n[any]\\ncommonName=supplied\\n[ext]\\n%s\\n' "$names" > ca.conf
                    openssl ca -config ca.conf -name ca -batch -selfsign -keyfile cert.key -in cert.csr -startdate "$1" -enddate "$2" -out cert.pem 2>/dev/null
                }
                \(how)
                """)
        }

        static let unaccepted: [(how: String, words: String)] = [
            ("certificate cert -addext $names", "a self-signed certificate, which this machine does not trust"),
            (
                """
                certificate ca; openssl req -new -newkey rsa:2048 -nodes -subj /CN=cert -keyout cert.key -out cert.csr 2>/dev/null
                echo "$names" > ext; openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out leaf.pem 2>/dev/null
                cat leaf.pem ca.pem > cert.pem
                """, "signed by an authority that this machine does not know"
            ),
            ("dated 20200101000000Z 20200102000000Z", "certificate expired on 2020-01-02"),
            ("dated 20990101000000Z 20990102000000Z", "certificate is valid only from 2099-01-01 on"),
        ]

        @Test(arguments: unaccepted)
        func whyACertificateIsNotAcceptedIsSaid(how: String, words: String) async throws {
            let folder = TestFolder.make("certificates")
            defer { TestFolder.remove(folder) }
            try await Self.make(how, in: folder)
            let images = try await Fixture.get()
            let server = try TestServer(
                images.workshop.folder,
                arguments: ["--tls-cert", "\(folder)/cert.pem", "--tls-key", "\(folder)/cert.key"], scheme: "https")
            defer { withExtendedLifetime(server) {} }
            let box = try await Sandbox.make()
            for command in [["sources", "-a", server.url], ["avail"], ["import", images.base.uuid]] {
                if command[0] != "sources" { try box.use(server.url) }
                let run = try await box.imgadm(command)
                #expect(run.status == 1 && run.errors.contains(words), "\(command): \(run)")
                // Nothing of where a library was built.
                #expect(!run.errors.contains(".cc") && !run.errors.contains("BoringSSL"), "\(command): \(run)")
            }
            // Who says so has it all the same.
            #expect(try await box.imgadm("avail", environment: ["IMGADM_INSECURE": "1"]).status == 0)
        }

        @Test func aCertificateOfAnotherNameIsSaidToBe() async throws {
            let folder = TestFolder.make("certificates")
            defer { TestFolder.remove(folder) }
            try await Self.make("certificate cert -addext subjectAltName=DNS:elsewhere.example", in: folder)
            let images = try await Fixture.get()
            let server = try TestServer(
                images.workshop.folder,
                arguments: ["--tls-cert", "\(folder)/cert.pem", "--tls-key", "\(folder)/cert.key"], scheme: "https")
            defer { withExtendedLifetime(server) {} }
            let box = try await Sandbox.make(environment: ["SSL_CERT_FILE": "\(folder)/cert.pem"])
            try box.use(server.url)
            let run = try await box.imgadm("avail")
            #expect(run.status == 1 && run.errors.contains("certificate is not for this name"), "\(run)")
        }
    }
}
