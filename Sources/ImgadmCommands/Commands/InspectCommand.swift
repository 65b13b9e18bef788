import ArgumentParser
import Failure
import Host
import ImageModel
import ImageTool
import JSON
import Terminal
import ZFS

struct InspectCommand: ImgadmCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what an image file is and whether it is whole",
        usage: "imgadm inspect [-j | --format FORMAT] [-P POOL] FILE|UUID|NAME|-",
        discussion: """
            The file is read whole, and every checksum in it verified; it takes no ZFS, and no rights but to read it. A manifest
            beside it is compared with it. The exit status is 1 for a file that is damaged. Of an installed image, that is shown
            which zfs send makes of it.

            EXAMPLES
              imgadm inspect web-1.0.0.zfs.gz
              curl -s https://example.com/disk.qcow2 | imgadm inspect -j -
            """)

    @Flag(name: [.customShort("j"), .customLong("json")], help: "Print JSON, as --format json.") var json = false
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp("table (the default), json or yaml.", valueName: "format"),
        completion: .list(["table", "json", "yaml"]))
    var format: String?
    @OptionGroup var pool: PoolOption
    @Argument(
        help: ArgumentHelp("A file, - for standard input, or an installed image.", valueName: "file|image"),
        completion: .file()) var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let format = try OutputFormat(format, json: json, allowed: [.table, .json, .yaml])
        let inspection = try await inspect(try Arguments.one(arguments, "FILE"), context)
        if format == .table {
            let rows = inspection.rows.map { [$0.name, $0.value] }
            try context.output.bytes(TextTable(["field", "value"], header: false).render(rows))
        } else {
            try context.output.value(.object(inspection.facts), as: format)
        }
        try context.output.flush()
        context.remark(inspection.remarks)
        if let damage = inspection.damage {
            throw damage
        }
    }

    /// What is a file is meant as one; other words name installed images.
    private func inspect(_ name: String, _ context: CommandContext) async throws -> Inspection {
        let named = try pool.name.map { try context.pool($0) }
        if try FileName.isMeant(by: name) {
            return try await withTaskExecutorPreference(DedicatedThread("inspect")) {
                try context.tool.inspect(name)
            }
        }
        let pool = try named ?? context.pool(nil)
        let uuid = try await context.tool.installed(name, noFileIn: pool)
        return try await context.tool.inspect(uuid, in: pool)
    }
}
