import Failure
import Host
import ImageModel
import SystemPackage
import TestHost
import Testing

@testable import IMGAPI

/// Private keys in OpenSSH's form, as ssh-keygen writes them and as nobody should.
@Suite struct OpenSSHKeyTests {
    static let kinds: [(name: String, options: String, algorithm: String)] = [
        ("rsa", "-t rsa -b 2048", "rsa-sha256"), ("ed25519", "-t ed25519", "ed25519-sha512"),
        ("p256", "-t ecdsa -b 256", "ecdsa-sha256"), ("p384", "-t ecdsa -b 384", "ecdsa-sha384"),
        ("p521", "-t ecdsa -b 521", "ecdsa-sha512"),
    ]

    private static func folder() async throws -> FilePath {
        let folder = TestFolder.make("openssh")
        let lines = kinds.map { "ssh-keygen -q \($0.options) -N '' -C 'who it is' -f \($0.name)" }
        try await Tool.shell("cd '\(folder)'; \(lines.joined(separator: "; "))")
        return folder
    }

    private static func read(_ path: FilePath) throws -> String {
        String(decoding: try #require(try HostFile.read(path)), as: UTF8.self)
    }

    @Test func whatAKeySignsItsPublicHalfKnows() async throws {
        let folder = try await Self.folder()
        defer { TestFolder.remove(folder) }
        let text = Array("date: Thu, 26 Nov 2026 17:00:00 GMT".utf8)
        var all: [(SigningKey, SSHPublicKey)] = []
        for (name, _, algorithm) in Self.kinds {
            guard case .open(let key) = try OpenSSHKey(try Self.read(folder.appending(name))) else {
                Issue.record("\(name) is locked")
                continue
            }
            let line = try Self.read(folder.appending("\(name).pub"))
            let open = try #require(SSHPublicKey(line: "no-pty,command=\"x\" \(line.trimmingBlanks) more"))
            #expect(key.algorithm.rawValue == algorithm)
            all.append((key, open))
        }
        for (place, (key, _)) in all.enumerated() {
            let signature = try await key.signature(of: text)
            for (other, (_, open)) in all.enumerated() {
                #expect(open.isSignature(signature, of: text, by: key.algorithm) == (place == other))
                #expect(!open.isSignature(signature, of: text + [0], by: key.algorithm))
                #expect(!open.isSignature(Array(signature.dropLast()), of: text, by: key.algorithm))
                #expect(!open.isSignature([], of: text, by: key.algorithm))
            }
        }
    }

    /// Whatever is done to a file, it is a key or it is refused; and a key that is taken is one with its public half.
    @Test(arguments: ["ed25519", "p256", "rsa"]) func damagedFilesAreRefused(name: String) async throws {
        let folder = try await Self.folder()
        defer { TestFolder.remove(folder) }
        let text = try Self.read(folder.appending(name))
        let lines = text.split(separator: "\n")
        let bytes = try #require(Base64.bytes(lines.dropFirst().dropLast().joined()))
        func file(_ bytes: [UInt8]) -> String {
            "\(lines[0])\n\(Base64.text(bytes))\n-----END OPENSSH PRIVATE KEY-----\n"
        }
        _ = try OpenSSHKey(file(bytes))
        let step = name == "rsa" ? 7 : 1
        for count in stride(from: 0, to: bytes.count, by: step) {
            #expect(throws: SSHFormatError.self, "\(count) bytes") { try OpenSSHKey(file(Array(bytes[..<count]))) }
        }
        #expect(throws: SSHFormatError.self) { try OpenSSHKey(file(bytes + [7])) }
        for place in stride(from: 0, to: bytes.count, by: step) {
            for change: UInt8 in [0x01, 0x80, 0xff] {
                var damaged = bytes
                damaged[place] ^= change
                // Of the comment any byte may be another; all else has to fit.
                guard let key = try? OpenSSHKey(file(damaged)) else { continue }
                guard case .open(let open) = key else { continue }
                let signature = try await open.signature(of: [1, 2, 3])
                #expect(!signature.isEmpty)
            }
        }
    }

    static let files: [(what: String, text: String)] = [
        ("nothing", ""), ("a head alone", OpenSSHKey.head),
        ("no end", "\(OpenSSHKey.head)\nb3BlbnNzaC1rZXktdjEA\n"),
        ("no base64", "\(OpenSSHKey.head)\n%%%%\n-----END OPENSSH PRIVATE KEY-----"),
        ("another magic", wrapped(Array("openssh-key-v2\0".utf8))),
        ("a length of 4 GiB", wrapped(Array("openssh-key-v1\0".utf8) + [255, 255, 255, 255, 1])),
        (
            "4 billion keys",
            wrapped(Array("openssh-key-v1\0".utf8) + texts("none", "none", "") + [255, 255, 255, 255])
        ),
        ("no key", wrapped(Array("openssh-key-v1\0".utf8) + texts("none", "none", "") + [0, 0, 0, 0])),
        (
            "a key of DSA",
            wrapped(
                Array("openssh-key-v1\0".utf8) + texts("none", "none", "") + [0, 0, 0, 1]
                    + SSHWriter.string(texts("ssh-dss")) + SSHWriter.string([]))
        ),
        (
            "a point that is on no curve",
            wrapped(
                Array("openssh-key-v1\0".utf8) + texts("none", "none", "") + [0, 0, 0, 1]
                    + SSHWriter.string(
                        texts("ecdsa-sha2-nistp256", "nistp256")
                            + SSHWriter.string([4] + [UInt8](repeating: 1, count: 64))) + SSHWriter.string([]))
        ),
        (
            "an RSA key of 64 KiB",
            wrapped(
                Array("openssh-key-v1\0".utf8) + texts("none", "none", "") + [0, 0, 0, 1]
                    + SSHWriter.string(
                        texts("ssh-rsa") + SSHWriter.magnitude([1, 0, 1])
                            + SSHWriter.magnitude([UInt8](repeating: 0x7f, count: 65536)))
                    + SSHWriter.string([]))
        ),
    ]

    private static func texts(_ texts: String...) -> [UInt8] { texts.flatMap { SSHWriter.string($0.utf8) } }
    private static func wrapped(_ bytes: [UInt8]) -> String {
        "\(OpenSSHKey.head)\n\(Base64.text(bytes))\n-----END OPENSSH PRIVATE KEY-----\n"
    }

    @Test(arguments: files) func hostileFilesAreRefused(what: String, text: String) {
        #expect(throws: SSHFormatError.self, "\(what)") { try OpenSSHKey(text) }
    }

    @Test(arguments: [
        "", "# ssh-ed25519 AAAA", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 %", "ssh-dss AAAAB3NzaC1kc3M=",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==", "\u{feff}", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5/////w==",
    ]) func linesWithoutAKeyAreNone(line: String) {
        #expect(SSHPublicKey(line: line[...]) == nil)
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
