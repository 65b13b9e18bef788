import ArgumentParser
import Failure
import Host
import HostConfig
import IMGAPI
import ImageSource
import ImageTool
import JSON
import SystemPackage
import Terminal
import Transport

struct SourcesCommand: ImgadmCommand {
    static let valueLetters = "adt"
    static let configuration = CommandConfiguration(
        commandName: "sources", abstract: "List and edit the image sources",
        usage: """
            imgadm sources [-v | -j | --format FORMAT]
            imgadm sources -a URL [-t TYPE] [-k] [-f] [--token-file FILE]
            imgadm sources --add-docker-hub [-k] [-f]
            imgadm sources -d URL
            imgadm sources -e [-f]
            imgadm sources -c [-j | --format FORMAT]
            """,
        discussion: """
            ?channel=NAME behind a URL chooses a channel of that source.

            EXAMPLES
              imgadm sources -a https://images.example.com
              imgadm sources -a 'https://updates.example.com?channel=staging'
              imgadm sources -a https://private.example.com --token-file /etc/imgadm/private.token
              imgadm sources -t simplestreams -a https://images.linuxcontainers.org
              imgadm sources -a oci://ghcr.io/acme/images
              imgadm sources -d https://images.example.com
            """)

    @Flag(
        name: [.customShort("v"), .customLong("verbose")],
        help: "List URL, type, whether TLS certificates are checked, and the files of tokens.")
    var verbose = false
    @Flag(name: [.customShort("j"), .customLong("json")], help: "List as JSON.") var json = false
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp("List as table, json, jsonl, csv or yaml.", valueName: "format"))
    var format: String?
    @Option(
        name: .customShort("a"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a source, after asking whether it answers; again for each.", valueName: "url"))
    var add: [String] = []
    @Flag(name: .customLong("add-docker-hub"), help: "Add Docker Hub: -t docker -a https://docker.io.")
    var addDockerHub = false
    @Option(
        name: .customShort("d"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Delete a source; with ?channel=NAME, the one with that channel; again for each.", valueName: "url"),
        completion: .sources)
    var delete: [String] = []
    @Flag(name: .customShort("e"), help: "Edit the sources in VISUAL, EDITOR or vi.") var edit = false
    @Flag(name: .customShort("c"), help: "Ask every source whether it answers; exit status 1 if one does not.")
    var check = false
    @Option(
        name: [.customShort("t"), .customLong("type")], parsing: .unconditional,
        help: ArgumentHelp(
            """
            The type of the source to add: imgapi (the default), docker, dsapi, simplestreams (the servers of LXC \
            and incus, and Ubuntu's) or oci (a repository of images in a registry, which its URL tells).
            """,
            valueName: "type"),
        completion: .list(SourceType.allCases.map(\.rawValue)))
    var type: String?
    @Flag(name: [.customShort("k"), .customLong("insecure")], help: "Do not check the source's TLS certificate.")
    var insecure = false
    @Flag(name: [.customShort("f"), .customLong("force")], help: "Add sources without asking them first.") var force =
        false
    @Option(
        name: .customLong("token-file"), parsing: .unconditional,
        help: ArgumentHelp(
            "Always show the image server that is added the token in this file, which nobody else may read. Of a source that there is already, the file from now on.",
            valueName: "file"), completion: .file())
    var tokenFile: String?
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        if let first = arguments.first {
            throw CallError(
                "unexpected argument: \"\(first)\"",
                hint: add.isEmpty && delete.isEmpty && !edit && !check
                    ? "imgadm sources -a \(ShellWord.quoted(first)) adds a source" : nil)
        }
        let actions = [!add.isEmpty || addDockerHub, !delete.isEmpty, edit, check].filter { $0 }.count
        guard actions <= 1, add.isEmpty || !addDockerHub else {
            throw Failure(.usage, "only one of -a, -d, -e and -c can be given at a time")
        }
        guard actions == 0 || check || !json && format == nil else {
            throw Failure(.usage, "-j and --format go with the list of sources, and with -c")
        }
        guard tokenFile == nil || add.count == 1 else {
            throw Failure(.usage, "--token-file goes with \(add.isEmpty ? "" : "one ")-a URL")
        }
        if !delete.isEmpty { return try await each(delete) { try await remove($0, context) } }
        if edit { return try await SourceEditing(context: context, force: force).run() }
        if check { return try await ping(context) }
        if addDockerHub {
            let url = "https://docker.io"
            return try await append(url, try source(url, .docker), context)
        }
        // One that is no URL is a slip in all of the command.
        let named = try add.map { (url: $0, source: try source($0, try sourceType(of: $0))) }
        if !named.isEmpty { return try await each(named) { try await append($0.url, $0.source, context) } }
        try list(context)
    }

    /// Each is tried; what failed is told at the end.
    private func each<Named>(_ all: [Named], _ work: (Named) async throws -> Void) async throws {
        var failures: [Failure] = []
        for named in all {
            do {
                try await work(named)
            } catch let error as any CodedError {
                failures.append(error.failure)
            }
        }
        if let failure = Failure.combining(failures) { throw failure }
    }

    private func sourceType(of url: String) throws -> SourceType {
        // Of an image server anything may be below a path.
        guard let type else { return SourceType(toldBy: url) == .oci ? .oci : .imgapi }
        guard let known = SourceType(rawValue: type) else {
            throw Failure(.usage, "invalid source type: \"\(type)\" (must be one of: \(SourceType.names))")
        }
        return known
    }

    private func list(_ context: CommandContext) throws {
        let sources = try context.tool.config.load().sources
        let format = try OutputFormat(format, json: json)
        var columns = ["url", "type", "insecure", "tokenfile"]
        var rows = sources.map {
            [$0.displayURL, $0.type.rawValue, $0.insecure ? "true" : "false", $0.tokenFile]
        }
        // Three columns where nobody has a token: scripts know it so.
        if !sources.contains(where: { $0.tokenFile != nil }) {
            columns.removeLast()
            rows = rows.map { $0.dropLast() }
        }
        switch format {
        case .json, .jsonl, .yaml: return try context.output.values(sources.map { .object($0.json) }, as: format)
        case .csv: return try context.output.csv([columns] + rows)
        case .table: break
        }
        if verbose || self.format != nil {
            return try context.output.bytes(TextTable(columns, header: true).render(rows, in: context.tableRoom))
        }
        for source in sources { try context.output.line(source.displayURL) }
    }

    /// - Throws: `Usage` for what is no URL of a source.
    private func source(_ url: String, _ type: SourceType) throws -> SourceDescriptor {
        try SourcesCommand.argument { () throws(Failure) in
            try SourceDescriptor(url, type: type, insecure: insecure).withTokenFile(
                tokenFile.map { HostFile.absolute(FilePath($0)).string })
        }
    }

    private func append(_ url: String, _ source: SourceDescriptor, _ context: CommandContext) async throws {
        context.remark(source.remark(onTyped: url).map { [$0] } ?? [])
        // Also where nobody is asked: it would be told only by the next command.
        if let file = source.tokenFile { _ = try AccessToken(file: FilePath(file)) }
        func isKept(_ other: SourceDescriptor) -> Bool {
            other.isSame(as: source) && (tokenFile == nil || other == source)
        }
        let present = try context.tool.config.load().sources.contains(where: isKept)
        if !present && !force {
            if source.type == .imgapi, tokenFile == nil { try await TokenOptions.ambient().give(to: [url], context) }
            try await context.tool.ping(source)
            context.remark(context.tool.takeSourceRemarks())
        }
        let done = try await context.tool.config.update { config in
            var sources = try config.sources
            guard !sources.contains(where: isKept) else { return "Already have" }
            let place = sources.firstIndex { $0.isSame(as: source) }
            if let place { sources[place] = source } else { sources.append(source) }
            config.setSources(sources)
            return place == nil ? "Added" : "Changed"
        }
        let what = "\"\(source.type.rawValue)\" image source \"\(source.url.base)\"\(source.remarks)"
        try context.output.line("\(done) \(what)\(done == "Already have" ? ", no change" : "")")
    }

    private func remove(_ text: String, _ context: CommandContext) async throws {
        let named = try SourcesCommand.argument { () throws(Failure) in
            try SourceDescriptor(text, type: SourceType(toldBy: text) == .oci ? .oci : .imgapi)
        }
        let (gone, others) = try await context.tool.config.update { config in
            let sources = try config.sources
            let gone = sources.filter { $0.url == named.url && $0.channel == named.channel }
            if !gone.isEmpty { config.setSources(sources.filter { !gone.contains($0) }) }
            return (gone, sources.filter { $0.url == named.url && $0.channel != named.channel })
        }
        context.tool.forget(gone)
        for source in gone {
            try context.output.line(
                "Deleted \"\(source.type.rawValue)\" image source \"\(source.url.base)\"\(source.remarks)")
        }
        guard gone.isEmpty else { return }
        try context.output.line("Do not have image source \"\(text)\", no change")
        if !others.isEmpty {
            context.remark(["another channel is another source: \(others.map(\.displayURL).joined(separator: ", "))"])
        }
    }

    /// - Throws: `SourcePing`, `MultiError` if not all of them answer, after it has told of each.
    private func ping(_ context: CommandContext) async throws {
        let format = try OutputFormat(format, json: json)
        let sources = try context.tool.config.load().sources
        try await TokenOptions.ambient().give(to: [], context)
        let answers = Array(zip(sources, try await context.tool.check(sources)))
        context.remark(context.tool.takeSourceRemarks())
        let columns = ["url", "type", "ok", "error"]
        let rows = answers.map { source, failure in
            [source.displayURL, source.type.rawValue, failure == nil ? "true" : "false", failure?.description]
        }
        switch format {
        case .json, .jsonl, .yaml:
            let values = answers.map { source, failure in
                var object = source.json
                object["ok"] = .bool(failure == nil)
                if let failure { object["error"] = .object(ErrorReport.json(failure.failure)) }
                return JSONValue.object(object)
            }
            try context.output.values(values, as: format)
        case .csv: try context.output.csv([columns] + rows)
        case .table:
            try context.output.bytes(TextTable(columns, header: true).render(rows, in: context.tableRoom))
        }
        try context.output.flush()
        let failures = answers.compactMap { source, failure in
            failure.map { failure in
                Failure(
                    .sourcePing, "unexpected ping error with image source \"\(source.displayURL)\"", cause: failure,
                    hint: failure.hint.map { "\(source.displayURL): \($0)" }, statusCode: failure.statusCode)
            }
        }
        if let failure = Failure.combining(failures) { throw failure }
    }

    /// A URL that was typed and is none is a usage error.
    private static func argument<Value>(_ read: () throws(Failure) -> Value) throws(Failure) -> Value {
        do {
            return try read()
        } catch {
            throw Failure(.usage, error.message)
        }
    }
}
