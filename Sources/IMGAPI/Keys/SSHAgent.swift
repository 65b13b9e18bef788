import Crypto
import Failure
import Host

/// An ssh-agent, which signs by keys that it does not give away (draft-ietf-sshm-ssh-agent).
struct SSHAgent: Sendable {
    /// The path of its socket, as `SSH_AUTH_SOCK` has it.
    let socket: String
    /// Is told when the agent lets wait.
    let waiting: @Sendable () -> Void

    /// An agent may ask somebody first.
    private static let patience: Duration = .seconds(60)
    /// How long it may take before somebody is told.
    private static let silence: Duration = .seconds(5)
    /// Far more than a signature has, in bytes.
    private static let longestAnswer = 64 << 10

    /// - Returns: the signature of a text, which has been checked; of an ECDSA key in DER.
    /// - Throws: `AgentError`.
    func signature(of text: [UInt8], by key: SSHPublicKey) async throws -> [UInt8] {
        // SSH_AGENTC_SIGN_REQUEST; an RSA key signs with SHA-1 unless it is told otherwise.
        let flags: UInt32 = key.type == .rsa ? 2 : 0
        let request = [13] + SSHWriter.string(key.blob) + SSHWriter.string(text) + SSHWriter.number(flags)
        let answer: [UInt8]
        do {
            async let _ = remind()
            answer = try await LocalSocket.exchange(
                request, with: socket, within: SSHAgent.patience, longestAnswer: SSHAgent.longestAnswer)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Failure(
                .agentError, "ssh-agent at \"\(socket)\" does not answer", cause: error,
                hint: "ssh-add -l asks it, too; SSH_AUTH_SOCK says where it is")
        }
        do {
            return try SSHAgent.read(answer, key, text)
        } catch let refusal as Failure {
            throw Failure(.agentError, "ssh-agent at \"\(socket)\": \(refusal.message)", hint: refusal.hint)
        } catch {
            throw Failure(.agentError, "the answer of ssh-agent at \"\(socket)\" cannot be used", cause: error)
        }
    }

    private func remind() async {
        do {
            try await Task.sleep(for: SSHAgent.silence)
            waiting()
        } catch { return }  // it has answered
    }

    private static func read(_ answer: [UInt8], _ key: SSHPublicKey, _ text: [UInt8]) throws -> [UInt8] {
        var reader = SSHReader(answer[...])
        switch try reader.byte() {
        case 14: break  // SSH_AGENT_SIGN_RESPONSE
        case 5:
            throw Failure(
                .agentError, "it does not sign by that key",
                hint: "ssh-add FILE gives it the key; ssh-add -l shows those that it has")
        default: throw SSHFormatError("it is no signature")
        }
        var signature = SSHReader(try reader.string())
        let name = try signature.text()
        var numbers = SSHReader(try signature.string())
        guard reader.isAtEnd, signature.isAtEnd, name == (key.type == .rsa ? "rsa-sha2-256" : key.type.rawValue) else {
            throw SSHFormatError("it is a signature of another kind")
        }
        let bytes: [UInt8]
        switch key.type {
        case .rsa, .ed25519: bytes = Array(numbers.remaining)
        case .p256, .p384, .p521:
            let raw =
                try numbers.magnitude(filling: key.type.size) + numbers.magnitude(filling: key.type.size)
            guard numbers.isAtEnd else { throw SSHFormatError("something follows the signature") }
            bytes =
                switch key.type {
                case .p384: Array(try P384.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
                case .p521: Array(try P521.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
                default: Array(try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
                }
        }
        guard key.isSignature(bytes, of: text, by: key.type.algorithm) else {
            throw SSHFormatError("it is not a signature of what was to be signed")
        }
        return bytes
    }
}
