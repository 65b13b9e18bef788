import Failure

/// The lines of a text; of one that is an OpenPGP message in clear-signed form (RFC 9580 §7) those that were signed. The
/// signature is not looked at.
struct SignedLines: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    private let isSigned: Bool

    /// - Parameter name: how errors call the text.
    /// - Throws: `InvalidChecksumList` if the message is broken, or a line stands outside of it: nobody has signed that, and
    ///   whoever verifies the message does not see it.
    init(_ text: ArraySlice<UInt8>, of name: String) throws(Failure) {
        func broken(_ why: String) -> Failure {
            Failure(.invalidChecksumList, "\(name) is no clear-signed message: \(why)")
        }
        var part = Part.before
        var hasLinesBefore = false
        var signed = text
        var rest = text
        while let line = rest.takeLine() {
            switch part {
            case .before:
                if line.elementsEqual("-----BEGIN PGP SIGNED MESSAGE-----".utf8) {
                    part = .headers
                } else if !line.allSatisfy(\.isBlank) {
                    hasLinesBefore = true
                }
            case .headers:
                if line.isEmpty {
                    part = .text
                    signed = rest
                }
            case .text:
                if line.elementsEqual("-----BEGIN PGP SIGNATURE-----".utf8) {
                    part = .signature
                    signed = signed[..<line.startIndex]
                }
            case .signature: if line.elementsEqual("-----END PGP SIGNATURE-----".utf8) { part = .behind }
            case .behind:
                if !line.allSatisfy(\.isBlank) { throw broken("there are lines behind what was signed") }
            }
        }
        switch part {
        case .before: break
        case .behind: if hasLinesBefore { throw broken("there are lines before what was signed") }
        case .headers, .text, .signature: throw broken("it ends too early")
        }
        isSigned = part == .behind
        self.rest = signed
    }

    private enum Part { case before, headers, text, signature, behind }

    mutating func next() -> ArraySlice<UInt8>? {
        guard let line = rest.takeLine() else { return nil }
        // A line that begins with a dash was given "- " before it.
        return isSigned && line.starts(with: "- ".utf8) ? line.dropFirst(2) : line
    }
}

extension ArraySlice<UInt8> {
    /// Takes a line off, without what ends it.
    fileprivate mutating func takeLine() -> ArraySlice<UInt8>? {
        guard !isEmpty else { return nil }
        let line = prefix { $0 != UInt8(ascii: "\n") }
        self = self[line.endIndex...].dropFirst()
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }
}

extension UInt8 {
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
