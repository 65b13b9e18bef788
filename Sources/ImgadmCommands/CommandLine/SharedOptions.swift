import ArgumentParser
import Failure
import ImageModel

/// `-P POOL`.
struct PoolOption: ParsableArguments {
    @Option(
        name: .customShort("P"), parsing: .unconditional,
        help: ArgumentHelp("The zpool; \"zones\" unless IMGADM_POOL names another.", valueName: "pool"),
        completion: .pools)
    var name: String?
}

/// `-j --format -H -o`, as all listings of images have them.
struct OutputOptions: ParsableArguments {
    @Flag(name: [.customShort("j"), .customLong("json")], help: "Print JSON, as --format json.") var json = false
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp("table, json, jsonl (an object a line), csv or yaml.", valueName: "format"),
        completion: .list(OutputFormat.allCases.map(\.rawValue)))
    var format: String?
    @Flag(name: .customShort("H"), help: "Print no header.") var noHeader = false
    @Option(
        name: .customShort("o"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The fields to print, parted by commas; \"-o help\" shows them.", valueName: "field,…"), completion: .fields
    )
    var columns: [String] = []

    /// - Throws: `Option`.
    func chosen() throws(Failure) -> OutputFormat { try OutputFormat(format, json: json) }
    var wantsFieldHelp: Bool { columns == ["help"] }
}

/// `-s`, as the listing commands have it.
struct SortOption: ParsableArguments {
    @Option(
        name: .customShort("s"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The fields to sort by, parted by commas; a - in front reverses.", valueName: "field,…"),
        completion: .fields)
    var keys: [String] = []
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
