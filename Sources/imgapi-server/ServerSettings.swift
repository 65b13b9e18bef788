import ArgumentParser
import Failure
import Host
import ImageCatalog
import ImageServer
import JSON
import Logging
import SystemPackage

/// What the server is told by its options or its configuration file, which has them under the same names.
struct ServerSettings: ParsableArguments {
    @OptionGroup var storage: StorageOptions

    @Option(
        help: ArgumentHelp(
            "Where to listen; 127.0.0.1:8080 if not given. A port alone is one of 127.0.0.1, and port 0 any that is free.",
            valueName: "address:port"))
    var listen: ListenAddress?

    @Option(
        help: """
            Who may change images. If not given: the users of --keys, --tokens and --users if there are any; else anyone on a \
            loopback address, and nobody elsewhere.
            """
    )
    var writes: Writes?

    @Option(
        help: ArgumentHelp(
            """
            Requests are signed by a key that DIR/USER.keys has, a public SSH key (Ed25519, ECDSA or RSA) a line. The files are \
            root's or the server's own, and nobody else may write them.
            """,
            valueName: "dir"), completion: .directory)
    var keys: String?

    @Option(
        help: ArgumentHelp(
            "Requests have the header \"Authorization: Bearer TOKEN\"; the file, which nobody else may read or write, has a user and a token a line.",
            valueName: "file"), completion: .file())
    var tokens: String?

    @Option(
        help: ArgumentHelp(
            """
            What each user may do, and the digests of his tokens and his public keys: a JSON object (see USERS). Who is \
            not in it may do nothing. Without it, every user may do anything.
            """,
            valueName: "file"), completion: .file())
    var users: String?

    @Option(
        help: """
            Who may see images. If not given: the users, where --mode is private and there are any; else anyone. A \
            private server that has none, and listens elsewhere than on loopback, has to be told.
            """
    )
    var reads: Reads?

    @Option(
        help: ArgumentHelp(
            """
            Record each change in this file before it is answered: a JSON object a line. It may be renamed at any \
            time, as logrotate does.
            """,
            valueName: "file"), completion: .file())
    var audit: String?

    @Option(
        name: .customLong("most-requests"),
        help: ArgumentHelp(
            """
            How many requests a client's address may make a second, and ten times as many at once; more are answered \
            429. Any number if not given. Of IPv6, all addresses of a network of 64 bits count as one. Behind a proxy all \
            have one address, unless --proxies has that of the proxy.
            """,
            valueName: "number"))
    var mostRequests: Int?

    @Option(
        help: ArgumentHelp(
            """
            The proxies before the server, addresses or networks (ADDRESS/BITS) parted by commas: whom they name in \
            X-Forwarded-For stands in log and audit trail, and is whose requests are counted. Nobody else is believed.
            """,
            valueName: "list"))
    var proxies: String?

    @Option(
        name: .customLong("largest-file"),
        help: ArgumentHelp(
            "The most bytes that the file of an image may have, if less than 20 GiB.", valueName: "bytes"))
    var largestFile: Int64?

    @Option(
        help: ArgumentHelp(
            """
            The names under which clients reach the server, HOST[:PORT] parted by commas, of any port unless one is stated: what is \
            asked of another host, but for /ping, is refused. Any if not given. With --keys it keeps a signature that another server was shown from counting here.
            """,
            valueName: "list"))
    var names: String?

    @Option(
        help: """
            What a signature must cover: the request, which is (request-target), host, date and digest of the body, \
            or the SHA-1 of a file in the target (the default), or only its date, as those of old clients do. With \
            date, who overhears a request can send others in its user's name for five minutes.
            """
    )
    var signatures: Signatures?

    @Option(
        // The second is how it was called first; scripts may have it.
        name: [.customLong("most-connections"), .customLong("mostConnections")],
        help: ArgumentHelp(
            """
            How many connections there may be at a time, \(usualConnections) if not given, and fewer where the limit \
            of open files allows no more. Others wait until one ends.
            """,
            valueName: "number"))
    var mostConnections: Int?

    @Option(
        help: ArgumentHelp(
            """
            Serve https with this certificate, PEM with its chain. What is written anew counts from the next \
            connection on; a file that cannot be used is told in the log, and the one before stays.
            """,
            valueName: "file"), completion: .file())
    var tlsCert: String?

    @Option(help: ArgumentHelp("The private key of --tls-cert (PEM).", valueName: "file"), completion: .file())
    var tlsKey: String?

    /// The values of `--writes`.
    enum Writes: String, CaseIterable, ExpressibleByArgument { case anyone, nobody, users }

    /// The values of `--reads`.
    enum Reads: String, CaseIterable, ExpressibleByArgument { case anyone, users }

    /// The values of `--signatures`.
    enum Signatures: String, CaseIterable, ExpressibleByArgument { case request, date }

    static let usualConnections = 1000

    static let usualAddress = ListenAddress(host: "127.0.0.1", port: 8080)

    var address: ListenAddress { listen ?? ServerSettings.usualAddress }

    /// - Throws: `ConfigError` for a file that cannot be used, with the name of what is wrong in it.
    mutating func fill(from path: FilePath) throws {
        guard let bytes = try HostFile.read(path, limit: 1 << 20, from: .setUp) else {
            throw Failure(.configError, "there is no configuration file \"\(path)\"")
        }
        func bad(_ why: String) -> Failure { Failure(.configError, "cannot use \"\(path)\": \(why)") }
        let json: JSONObject
        do {
            guard let object = try JSONValue(parsing: bytes).objectValue else { throw bad("it is not a JSON object") }
            json = object
        } catch let error as JSONError {
            throw Failure(.configError, "cannot use \"\(path)\"", cause: error, hint: error.slip)
        }
        func take<Value: ExpressibleByArgument>(_ text: String, _ key: String, _ value: inout Value?) throws {
            guard value == nil else { return }
            guard let read = Value(argument: text) else { throw bad("\"\(text)\" is no value of \"\(key)\"") }
            value = read
        }
        // Where the images are is said as a whole, by the file or by options.
        let hasStorage = storage.root != nil || storage.registry != nil
        for (key, value) in json {
            guard let text = value.stringValue else { throw bad("\"\(key)\" is not a string") }
            switch key {
            case "root": if !hasStorage { try take(text, key, &storage.root) }
            case "registry": if !hasStorage { try take(text, key, &storage.registry) }
            case "channels": try take(text, key, &storage.channels)
            case "mode": try take(text, key, &storage.mode)
            case "listen": try take(text, key, &listen)
            case "writes": try take(text, key, &writes)
            case "keys": try take(text, key, &keys)
            case "tokens": try take(text, key, &tokens)
            case "users": try take(text, key, &users)
            case "reads": try take(text, key, &reads)
            case "audit": try take(text, key, &audit)
            case "proxies": try take(text, key, &proxies)
            case "most-requests": try take(text, key, &mostRequests)
            case "largest-file": try take(text, key, &largestFile)
            case "names": try take(text, key, &names)
            case "signatures": try take(text, key, &signatures)
            case "most-connections": try take(text, key, &mostConnections)
            case "tls-cert": try take(text, key, &tlsCert)
            case "tls-key": try take(text, key, &tlsKey)
            default: throw bad("there is no option \"\(key)\"")
            }
        }
    }

    func authentication() throws -> Authentication {
        let hasUsers = keys != nil || tokens != nil || users != nil
        var authentication = Authentication(
            keys: keys.map { FilePath($0) }, tokens: tokens.map { FilePath($0) }, users: users.map { FilePath($0) })
        authentication.takesDateAlone = signatures == .date
        if let names {
            guard let hosts = HostHeader.list(names) else {
                throw ValidationError(
                    "--names \(names) is not a list of hosts, as images.example.com,images.example.com:8443")
            }
            authentication.hosts = hosts
        }
        switch writes ?? (hasUsers ? .users : address.isLoopback ? .anyone : .nobody) {
        case .anyone:
            authentication.anonymous = .writes
            authentication.isForThisMachine = writes == nil
        case .nobody:
            guard !hasUsers else {
                throw ValidationError("--writes nobody goes with none of --keys, --tokens and --users")
            }
        case .users:
            guard hasUsers else {
                throw ValidationError("--writes users needs --keys DIR, --tokens FILE or --users FILE")
            }
        }
        let isPrivate = storage.mode == .private
        if reads == .users, !hasUsers {
            throw ValidationError("--reads users needs --keys DIR, --tokens FILE or --users FILE")
        }
        guard !isPrivate || hasUsers || reads != nil || address.isLoopback else {
            throw ValidationError(
                "a private server shows its images to its users: --keys DIR, --tokens FILE or --users FILE says who they are, or --reads anyone that there are none"
            )
        }
        authentication.isPrivate = reads.map { $0 == .users } ?? (isPrivate && hasUsers)
        if authentication.isPrivate, authentication.anonymous == .writes {
            throw ValidationError("--writes anyone goes with --reads anyone")
        }
        try authentication.check()
        return authentication
    }

    /// - Throws: `ValidationError` for a limit that leaves nothing.
    func limits(_ configuration: inout ImageServer.Configuration) throws {
        if let mostRequests, !(1...1_000_000).contains(mostRequests) {
            throw ValidationError("--most-requests must be from 1 to 1000000")
        }
        if let largestFile, largestFile < 1 { throw ValidationError("--largest-file must be 1 or more") }
        configuration.mostRequests = mostRequests
        if let proxies {
            guard let trusted = TrustedProxies(proxies) else {
                throw ValidationError(
                    "--proxies \(proxies) is not a list of addresses and networks, as 127.0.0.1,10.0.0.0/8")
            }
            configuration.proxies = trusted
        }
        if let largestFile { configuration.largestFile = min(largestFile, configuration.largestFile) }
        configuration.audit = audit.map { FilePath($0) }
    }

    /// How many connections there may be: a download has a file open as well.
    ///
    /// - Throws: `ValidationError` for more than the limit of open files allows.
    func connections(openFiles limit: Int) throws -> Int {
        let possible = max(1, limit / 2 - 32)
        guard let mostConnections else { return min(possible, ServerSettings.usualConnections) }
        guard (1...possible).contains(mostConnections) else {
            throw ValidationError(
                "--most-connections must be from 1 to \(possible), since \(limit) files may be open (ulimit -n)")
        }
        return mostConnections
    }

    func certificate(_ logger: Logger) throws -> ServerCertificate? {
        switch (tlsCert, tlsKey) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            return try ServerCertificate(certificates: FilePath(certificate), key: FilePath(key), logger: logger)
        default: throw ValidationError("--tls-cert FILE and --tls-key FILE go together")
        }
    }
}
