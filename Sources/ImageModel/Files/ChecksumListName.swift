/// Where a list of checksums may lie beside a file.
public struct ChecksumListName: Sendable, Hashable {
    /// In the folder of the file.
    public let name: String
    /// Whether the list is of that file alone.
    public let isItsOwn: Bool

    /// The names that distributions give to their lists, the most common ones first. Those of SHA-256 come before those of
    /// SHA-512, since they tell the image's UUID as well (``ContentUUID``).
    ///
    /// - Parameter file: the file's name, without a path.
    public static func beside(_ file: String) -> [ChecksumListName] {
        let common = [
            own(file, "sha256"), shared("SHA256SUMS"), shared("SHA512SUMS"), shared("CHECKSUM"), own(file, "SHA256SUM"),
            own(file, "CHECKSUM"), shared("CHECKSUM.SHA256"), own(file, "SHA256"), shared("sha256sums"),
            own(file, "sha512"),
        ]
        return (ofFedora(file).map { [$0] } ?? []) + common
    }

    private static func own(_ file: String, _ suffix: String) -> ChecksumListName {
        ChecksumListName(name: "\(file).\(suffix)", isItsOwn: true)
    }

    private static func shared(_ name: String) -> ChecksumListName { ChecksumListName(name: name, isItsOwn: false) }

    /// `Fedora-Cloud-43-1.6-x86_64-CHECKSUM` of `Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2`.
    private static func ofFedora(_ file: String) -> ChecksumListName? {
        let told = ImageFileName(file)
        let words = told.name.split(separator: "-")
        let architectures: [Architecture: String] = [
            .amd64: "x86_64", .arm64: "aarch64", .ppc64le: "ppc64le", .s390x: "s390x", .riscv64: "riscv64",
        ]
        guard words.first == "Fedora", words.count > 1, let version = told.version,
            let architecture = told.architecture.flatMap({ architectures[$0] })
        else { return nil }
        return shared("Fedora-\(words[1])-\(version)-\(architecture)-CHECKSUM")
    }
}
