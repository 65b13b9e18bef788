public import Failure

/// What an image runs on: `OS/ARCH[/VARIANT]` (OCI image-spec, image-index.md, "platform").
public struct OCIPlatform: Sendable, Hashable, CustomStringConvertible {
    public let os: String
    public let architecture: String
    public let variant: String?

    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os.lowercased()
        let name = architecture.lowercased()
        let (plain, implied) = OCIPlatform.otherNames[name] ?? (name, nil)
        self.architecture = plain
        let given = variant.flatMap { $0.isEmpty ? nil : $0.lowercased() } ?? implied
        // arm64 has no other variant that anybody builds for.
        self.variant = plain == "arm64" && given == "v8" ? nil : given
    }

    /// - Throws: `Option`.
    public init(_ text: String) throws(Failure) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isWord = { (part: Substring) in
            !part.isEmpty && part.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        }
        guard (2...3).contains(parts.count), parts.allSatisfy(isWord), text.utf8.count <= 128 else {
            throw Failure(
                .option, "\"\(text)\" is not a valid platform", hint: "the form is OS/ARCH[/VARIANT], as in linux/arm64"
            )
        }
        self.init(
            os: String(parts[0]), architecture: String(parts[1]), variant: parts.count > 2 ? String(parts[2]) : nil)
    }

    private static let otherNames: [String: (String, String?)] = [
        "x86_64": ("amd64", nil), "x86-64": ("amd64", nil), "aarch64": ("arm64", nil), "i386": ("386", nil),
        "i686": ("386", nil), "armhf": ("arm", "v7"), "armel": ("arm", "v6"),
    ]

    /// Linux on this machine's architecture.
    public static var host: OCIPlatform {
        #if arch(x86_64)
            OCIPlatform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            OCIPlatform(os: "linux", architecture: "arm64")
        #elseif arch(i386)
            OCIPlatform(os: "linux", architecture: "386")
        #elseif arch(arm)
            OCIPlatform(os: "linux", architecture: "arm", variant: "v7")
        #elseif arch(powerpc64le)
            OCIPlatform(os: "linux", architecture: "ppc64le")
        #elseif arch(s390x)
            OCIPlatform(os: "linux", architecture: "s390x")
        #elseif arch(riscv64)
            OCIPlatform(os: "linux", architecture: "riscv64")
        #else
            OCIPlatform(os: "linux", architecture: "unknown")
        #endif
    }

    /// An image for `other` will do: a variant counts only where this platform names one.
    public func accepts(_ other: OCIPlatform) -> Bool {
        os == other.os && architecture == other.architecture && (variant == nil || variant == other.variant)
    }

    public var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }
}
