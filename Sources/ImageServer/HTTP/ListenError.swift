public import Failure
import Glibc
import NIOCore

/// The server cannot listen on its address.
public struct ListenError: CodedError {
    public let failure: Failure

    init(_ error: IOError, host: String, port: Int) {
        let (why, hint): (String, String?) =
            switch error.errnoCode {
            case EADDRINUSE:
                (
                    "another program listens there",
                    "ss -ltnp 'sport = :\(port)' shows which; --listen ADDR:PORT takes another port, and port 0 any that is free"
                )
            case EACCES:
                (
                    "ports below 1024 are root's",
                    "--listen ADDR:8080, with a proxy in front of it; or CAP_NET_BIND_SERVICE"
                )
            case EADDRNOTAVAIL:
                ("this machine has no such address", "ip address shows which it has; 0.0.0.0 and [::] are all of them")
            default: (error.description, nil)
            }
        let shown = host.contains(":") ? "[\(host)]" : host
        failure = Failure(.connectionError, "cannot listen on \(shown):\(port): \(why)", cause: nil, hint: hint)
    }
}
