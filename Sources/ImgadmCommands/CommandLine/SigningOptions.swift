import ArgumentParser
import Failure
import IMGAPI
import SystemPackage

/// `--key` and `--user`, by which requests are signed.
struct SigningOptions: ParsableArguments {
    @Option(
        name: .customLong("key"), parsing: .unconditional,
        help: ArgumentHelp(
            "Sign requests by this private key (Ed25519, ECDSA or RSA; in OpenSSH's form or as PEM), or have ssh-agent sign by the key of this .pub file; IMGADM_KEY if not given.",
            valueName: "file"), completion: .file())
    var key: String?
    @Option(
        name: .customLong("user"), parsing: .unconditional,
        help: ArgumentHelp("The name that the server knows the key by; IMGADM_USER if not given.", valueName: "name"))
    var user: String?

    /// Nil if requests are not to be signed.
    ///
    /// - Throws: `Usage`.
    func signer(_ context: CommandContext) throws -> RequestSigner? {
        func named(_ name: String) -> String? { context.environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        switch (key ?? named("IMGADM_KEY"), user ?? named("IMGADM_USER")) {
        case (let key?, let user?):
            return try RequestSigner(user: user, keyFile: FilePath(key), agent: named("SSH_AUTH_SOCK")) {
                context.note("waiting for ssh-agent")
            }
        case (nil, nil): return nil
        case (_?, nil): throw Failure(.usage, "a key needs the user it belongs to: --user NAME")
        case (nil, _?):
            guard user != nil else { return nil }
            throw Failure(.usage, "a user needs a key to sign by: --key FILE")
        }
    }
}
