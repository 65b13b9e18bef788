import Failure
public import IMGAPI
import Synchronization
import SystemPackage
public import Transport

/// Which token which image server is shown: that of the command for the servers that the command names, and the one that the config has
/// for a source.
public final class SourceTokens: Sendable {
    private struct Given {
        var token: AccessToken
        var servers: Set<String>
    }

    private let given = Mutex<Given?>(nil)
    private let withheld = Mutex(false)

    /// There is a token that no server is shown, as it is not plain for which it is.
    var isWithheld: Bool { withheld.withLock { $0 } }

    /// No server is shown the token that the command has.
    public func withhold() { withheld.withLock { $0 = true } }

    /// The command has a token, for these servers and no other.
    public func give(_ token: AccessToken, to servers: [ServerURL]) {
        given.withLock { $0 = Given(token: token, servers: Set(servers.map(\.base))) }
    }

    /// The token of a source; nil if it is shown none.
    ///
    /// - Parameter insecure: nothing that is sent need be kept from others' eyes.
    /// - Throws: `UnsafeToken` where it would go over the network for everybody to read; what is wrong with its file.
    func token(for source: SourceDescriptor, insecure: Bool) throws -> AccessToken? {
        let named = given.withLock { given in
            given.flatMap { $0.servers.contains(source.url.base) ? $0.token : nil }
        }
        guard let token = try named ?? source.tokenFile.map({ try AccessToken(file: FilePath($0), code: .configError) })
        else { return nil }
        try token.check(goingTo: source.url, insecure: source.insecure || insecure)
        return token
    }
}
