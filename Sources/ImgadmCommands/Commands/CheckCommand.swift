import ArgumentParser
import Failure
import ImageTool
import JSON

struct CheckCommand: ImgadmCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look whether everything is in order, and repair what is not",
        usage: "imgadm check [--repair] [-j | --format FORMAT] [-P POOL]",
        discussion: """
            Config, sources, pools (all, or that of -P), records, datasets, snapshots, downloads, and VMs of which images were
            being made. With --repair, what can be mended without losing anything is mended. The exit status is 1 if a problem remains. An
            image without a record, as those of another IMGADM_ROOT on the pool, is a remark and no problem.
            """)

    @Flag(name: .customLong("repair"), help: "Mend what can be mended without losing anything.") var repair = false
    @Flag(name: [.customShort("j"), .customLong("json")], help: "Print JSON, as --format json.") var json = false
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp("table, json, jsonl or yaml.", valueName: "format"))
    var format: String?
    @Option(
        name: .customShort("P"), parsing: .unconditional,
        help: ArgumentHelp("Look at this zpool only.", valueName: "pool"), completion: .pools)
    var pool: String?
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        try Arguments.none(arguments)
        let format = try OutputFormat(format, json: json, allowed: [.table, .json, .jsonl, .yaml])
        let only = try pool.map { try context.pool($0) }
        let all = try await context.tool.findings(in: only, standard: context.pool(nil)) + context.maker.findings()
        // Of remarks there may be one for each image of another root.
        let findings = all.filter { !$0.isRemark } + all.filter(\.isRemark)
        var left = 0
        var repairable = 0
        var results: [JSONValue] = []
        for finding in findings {
            let outcome = try await outcome(of: finding)
            if !outcome.repaired && !finding.isRemark { left += 1 }
            if finding.repair != nil && !repair { repairable += 1 }
            if format == .table {
                let mark = outcome.repaired ? "repaired" : finding.isRemark ? "remark" : "problem"
                try context.output.line("\(mark): \(finding.problem)")
                if !outcome.repaired {
                    try context.output.line("  \(outcome.remark ?? finding.remedy)")
                }
            }
            results.append([
                "kind": .string(finding.kind), "problem": .string(finding.problem), "remedy": .string(finding.remedy),
                "repairable": .bool(finding.repair != nil), "repaired": .bool(outcome.repaired),
                "remark": .bool(finding.isRemark),
            ])
        }
        if format != .table { try context.output.values(results, as: format) }
        guard left > 0 else {
            if format == .table, findings.allSatisfy(\.isRemark) { try context.output.line("Everything is in order") }
            return
        }
        try context.output.flush()
        throw Failure(
            .problemsFound, "\(left) problem\(left == 1 ? "" : "s") found",
            hint: repairable > 0 ? "--repair mends \(repairable) of them" : nil)
    }

    private func outcome(of finding: Finding) async throws -> (repaired: Bool, remark: String?) {
        guard repair, let mend = finding.repair else { return (false, nil) }
        do {
            return (try await mend(), nil)
        } catch let error as any CodedError {
            return (false, "could not be repaired: \(error)" + (error.hint.map { " (\($0))" } ?? ""))
        }
    }
}
