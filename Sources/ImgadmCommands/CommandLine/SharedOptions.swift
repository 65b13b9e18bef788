import ArgumentParser
import Failure
import ImageModel
import ImageSource

/// `-P POOL`.
struct PoolOption: ParsableArguments {
    @Option(
        name: .customShort("P"), parsing: .unconditional,
        help: ArgumentHelp("The zpool; zones unless IMGADM_POOL names another.", valueName: "pool"),
        completion: .pools)
    var name: String?
}

/// `-j --format -H -o`, as all listings of images have them.
struct OutputOptions: ParsableArguments {
    @Flag(name: [.customShort("j"), .customLong("json")], help: "Print JSON, as --format json.") var json = false
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp(
            "table, json (an array of objects), jsonl (an object a line), csv (the columns of the table) or yaml (as json).",
            valueName: "format"),
        completion: .list(OutputFormat.allCases.map(\.rawValue)))
    var format: String?
    @Flag(name: .customShort("H"), help: "Print no header.") var noHeader = false
    @Option(
        name: .customShort("o"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The fields to print, parted by commas; -o help shows them and what they mean.", valueName: "field,…"),
        completion: .fields
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
        help: ArgumentHelp(
            "The fields to sort by, parted by commas: a - in front reverses, numbers compare as numbers, a missing value comes first.",
            valueName: "field,…"),
        completion: .fields)
    var keys: [String] = []
}

/// `-m MANIFEST`, as commands have it that make images.
struct ManifestOption: ParsableArguments {
    @Option(
        name: .customShort("m"), parsing: .unconditional,
        help: ArgumentHelp(
            "A manifest to begin with; - is standard input. FIELD=VALUE counts more.", valueName: "manifest"),
        completion: .file()
    )
    var manifest: String?
}

/// What `import` and `show` take.
struct ImageWords: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The image's UUID or name, a docker reference, a URL, a file or oci:REFERENCE; with the latter three, fields of the manifest.",
            valueName: "argument"), completion: .available)
    var arguments: [String] = []
}

/// `--type TYPE`, as commands have it that look for an image by its name.
struct TypeOption: ParsableArguments {
    @Option(
        name: .customLong("type"), parsing: .unconditional,
        help: ArgumentHelp(
            "Of the images of a name, one of this type: zvol for the disk of a virtual machine.", valueName: "type"),
        completion: .list(ImageType.allCases.map(\.rawValue)))
    var name: String?

    /// - Throws: `Option`.
    func type() throws(Failure) -> ImageType? {
        guard let name else { return nil }
        guard let type = ImageType(rawValue: name) else {
            throw Failure(
                .option, "--type \(name): there is no such type of image",
                hint: "the types are \(ImageType.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return type
    }
}

/// `--arch ARCHITECTURE`
struct ArchitectureOption: ParsableArguments {
    @Option(
        name: .customLong("arch"), parsing: .unconditional,
        help: ArgumentHelp(
            "For which processors, of sources of simplestreams: all, or one, as arm64; this machine's if not given.",
            valueName: "architecture"), completion: .list(["all"] + Architecture.allCases.map(\.rawValue)))
    var name: String?

    /// - Throws: `Option`.
    func choice() throws(Failure) -> ArchitectureChoice {
        guard let name else { return .host }
        if name == "all" { return .every }
        guard let architecture = Architecture(named: name) else {
            throw Failure(
                .option, "--arch \(name): there is no such architecture",
                hint: "all, or one of \(Architecture.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return .one(architecture)
    }
}

/// `--platform OS/ARCH[/VARIANT]`.
struct PlatformOption: ParsableArguments {
    @Option(
        name: .customLong("platform"), parsing: .unconditional,
        help: ArgumentHelp(
            "What an image of a registry is to run on, where it is there for several; Linux on this machine's architecture if not given.",
            valueName: "os/arch[/variant]"))
    var name: String?

    /// - Throws: `Option`.
    func platform() throws(Failure) -> OCIPlatform {
        guard let name else { return .host }
        return try OCIPlatform(name)
    }
}
