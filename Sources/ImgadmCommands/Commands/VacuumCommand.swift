import ArgumentParser
import Failure
import Host
import ImageModel
import ImageStore
import ImageTool
import ZFS

struct VacuumCommand: AnsweringCommand {
    static let valueLetters = "Px"
    static let configuration = CommandConfiguration(
        commandName: "vacuum", abstract: "Delete images that nothing depends on",
        usage: """
            imgadm vacuum [-n] [-f] [-P POOL] [-j | --format FORMAT] [--older-than TIME] [-x IMAGE,…]… [--keep NAME=N]…
                [FILTER…]
            """,
        discussion: """
            An image goes if no VM, no other dataset and no image that stays is a clone of it. What merely looks like an
            image, without a record of its own or without its snapshot @final, is left alone, and so is what an import builds
            on. An image that somebody holds, or has put a snapshot to with other data than its own, is kept, and told. All pools are looked at unless -P or IMGADM_POOL names one.

            EXAMPLES
              imgadm vacuum -n
              imgadm vacuum -f --older-than 30d --keep base-64=2 type=zone-dataset
            """)

    @Flag(
        name: [.customShort("n"), .customLong("dry-run")],
        help: "Only tell which would be deleted, and on standard error how much space would come free on each pool.")
    var dryRun = false
    @Flag(name: [.customShort("f"), .customLong("force")], help: "Delete without asking.") var force = false
    @Option(
        name: .customShort("P"), parsing: .unconditional,
        help: ArgumentHelp(
            "Only images of this zpool; of all, if neither this nor IMGADM_POOL names one.", valueName: "pool"),
        completion: .pools)
    var pool: String?
    @Option(
        name: .customLong("older-than"), parsing: .unconditional,
        help: ArgumentHelp(
            "Only images that came to this host at least this long ago, by the field installed of list: a number and s, m, h, d or w, as in 30d.",
            valueName: "time"))
    var olderThan: String?
    @Option(
        name: .customShort("x"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Images that stay, parted by commas; may be repeated.", valueName: "image,…"),
        completion: .images)
    var excluded: [String] = []
    @Option(
        name: .customLong("keep"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Keep the newest N images of this name on each pool; may be repeated.", valueName: "name=n"),
        completion: .keptImages)
    var keep: [String] = []
    @OptionGroup var answer: AnswerOptions
    @Argument(help: ArgumentHelp("What an image must be to go.", valueName: "filter"), completion: .filters)
    var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }
    var isDryRun: Bool { dryRun }

    func run(_ context: CommandContext) async throws {
        let pool = try context.namedPool(pool)
        guard !dryRun else { return try await tell(context, pool) }
        try await context.upgradeState()
        var cleared = try await clear(context, pool)
        var failure: (any CodedError)?
        do {
            // The last command of a run that died may have come to its end only now, and left a clone that kept others.
            for round in 0..<3 {
                guard try await deleteUnused(context, pool, isFirst: round == 0) else { break }
                cleared = try await clear(context, pool)
                guard cleared.hasCleared else { break }
            }
        } catch let error as any CodedError { failure = error }
        // What could not be cleared has kept nothing else.
        if let failure = Failure.combining(cleared.failures + [failure].compactMap { $0 }) { throw failure }
    }

    private func clear(_ context: CommandContext, _ pool: PoolName?) async throws -> ImageStore.Clearing {
        var cleared = ImageStore.Clearing()
        try await context.reporting { cleared = try await context.tool.clearLeftovers(in: pool, dryRun: false, $0) }
        return cleared
    }

    /// What would be deleted.
    private func tell(_ context: CommandContext, _ pool: PoolName?) async throws {
        let choice = try await choice(context, in: pool)
        var cleared = ImageStore.Clearing()
        try await context.reporting(dryRun: true) {
            cleared = try await context.tool.clearLeftovers(in: pool, dryRun: true, $0)
        }
        let unneeded = try await context.tool.unusedImages(choice, in: pool, without: cleared.datasets)
        let unused = unneeded.unused
        try await context.reporting(dryRun: true) { report in
            try await context.tool.checkKept(choice, in: pool, report)
            context.tool.tellKept(unneeded, report)
            try await context.tool.vacuum(unused, dryRun: true, report)
        }
        for line in VacuumCommand.summaries(unused) { context.note("would delete \(line), which would come free") }
        if let failure = Failure.combining(cleared.failures) { throw failure }
    }

    /// - Returns: false if the user wants none of it.
    private func deleteUnused(_ context: CommandContext, _ pool: PoolName?, isFirst: Bool) async throws -> Bool {
        let choice = try await choice(context, in: pool)
        let unneeded = try await context.tool.unusedImages(choice, in: pool)
        let unused = unneeded.unused
        if isFirst {
            try await context.reporting { report in
                try await context.tool.checkKept(choice, in: pool, report)
                context.tool.tellKept(unneeded, report)
            }
        }
        if !force, !unused.isEmpty {
            guard ProcessEnvironment.isInteractive, !context.answersJSON else {
                throw Failure(
                    .usage,
                    context.answersJSON
                        ? "vacuum asks before it deletes, and whoever reads JSON is not asked"
                        : "vacuum asks before it deletes, but there is no terminal to ask on",
                    hint: "-f deletes without asking, -n shows what would be deleted")
            }
            for each in unused {
                let size = each.bytes.map { ByteCount.text(Int64(clamping: $0)) } ?? "-"
                try context.output.line("\(each.image.progressTitle)  \(each.image.pool)  \(size)")
            }
            for line in VacuumCommand.summaries(unused) { try context.output.line(line) }
            let question = unused.count == 1 ? "Delete this image?" : "Delete these \(unused.count) images?"
            guard let answer = try await context.output.ask(question, "y/N"),
                ["y", "yes"].contains(answer.lowercased())
            else {
                try context.output.line("Aborting")
                return false
            }
        }
        try await context.reporting() { report in
            try await context.tool.vacuum(unused, dryRun: false, report)
        }
        return true
    }

    /// How many images of each pool, and what they take of it.
    private static func summaries(_ unused: [ImageStore.Unused]) -> [String] {
        Dictionary(grouping: unused, by: \.image.pool).sorted { $0.key < $1.key }.map { pool, images in
            let bytes = images.reduce(UInt64(0)) { sum, image in
                let (total, overflow) = sum.addingReportingOverflow(image.bytes ?? 0)
                return overflow ? .max : total
            }
            let count = "\(images.count) image\(images.count == 1 ? "" : "s")"
            return "\(count) on zpool \"\(pool)\", \(ByteCount.text(Int64(clamping: bytes)))"
        }
    }

    private func choice(_ context: CommandContext, in pool: PoolName?) async throws -> VacuumChoice {
        var choice = try VacuumChoice(filters: try await FilterArguments.settled(arguments, in: pool, context))
        choice.excluded = Set(
            try await context.allInstalled(
                excluded.flatMap { $0.split(separator: ",").map(String.init) }, in: pool))
        for text in keep {
            guard let sign = text.lastIndex(of: "="), sign != text.startIndex,
                let count = Int(text[text.index(after: sign)...]), count > 0
            else { throw Failure(.usage, "--keep \"\(text)\" is not NAME=N with N above 0") }
            choice.kept[String(text[..<sign])] = count
        }
        if let olderThan {
            guard let age = VacuumCommand.seconds(olderThan) else {
                throw Failure(
                    .usage, "--older-than \"\(olderThan)\" is no time", hint: "a number and s, m, h, d or w, as in 30d")
            }
            choice.leastAge = age
        }
        return choice
    }

    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), number >= 0 else {
            return nil
        }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : seconds
    }
}
