import ArgumentParser
import Failure
import ImageModel

/// An argument that names what a registry has, whatever that is: `oci:REFERENCE` (imgadm.8, import).
enum RegistryArgument {
    private static let scheme = "oci:"

    /// - Returns: nil if the argument names something else; the `oci://` of other tools is none of ours either.
    /// - Throws: `InvalidReference`.
    static func reference(_ text: String) throws(Failure) -> DockerReference? {
        guard text.hasPrefix(scheme), !text.hasPrefix("oci://") else { return nil }
        return try DockerReference(String(text.dropFirst(scheme.count)))
    }
}

/// `--disk NAME`
struct DiskOption: ParsableArguments {
    @Option(
        name: .customLong("disk"), parsing: .unconditional,
        help: ArgumentHelp(
            "Of several disks or files that oci:REFERENCE leads to, one: its title, what KubeVirt calls it, or its digest.",
            valueName: "name"))
    var name: String?
}
