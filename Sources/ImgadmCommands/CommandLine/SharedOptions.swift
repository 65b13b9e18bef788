import ArgumentParser
import Failure
import ImageModel

/// `-P POOL`.
struct PoolOption: ParsableArguments {
    @Option(
        name: .customShort("P"), parsing: .unconditional,
        help: ArgumentHelp("The zpool; \"zones\" unless IMGADM_POOL names another.", valueName: "pool"))
    var name: String?
}

/// `-j -H -o -s`, as the listing commands have them.
struct TableOptions: ParsableArguments {
    @Flag(name: [.customShort("j"), .customLong("json")], help: "Print JSON.") var json = false
    @Flag(name: .customShort("H"), help: "Print no header.") var noHeader = false
    @Option(
        name: .customShort("o"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The fields to print, parted by commas.", valueName: "field,…"))
    var columns: [String] = []
    @Option(
        name: .customShort("s"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The fields to sort by, parted by commas; a - in front reverses.", valueName: "field,…"))
    var sort: [String] = []
}

/// `--platform OS/ARCH[/VARIANT]`.
struct PlatformOption: ParsableArguments {
    @Option(
        name: .customLong("platform"), parsing: .unconditional,
        help: ArgumentHelp(
            "What a docker image is to run on; Linux on this machine's architecture if not given.",
            valueName: "os/arch[/variant]"))
    var name: String?

    /// - Throws: `Option`.
    func platform() throws(Failure) -> OCIPlatform {
        guard let name else { return .host }
        return try OCIPlatform(name)
    }
}
