import Failure
import Glibc
import Host
import HostConfig
import IMGAPI
import ImageSource
import ImageTool
import SystemPackage
import Transport

/// `sources -e`: the sources as lines in an editor.
struct SourceEditing {
    let context: CommandContext
    /// New sources are taken without asking them.
    let force: Bool

    func run() async throws {
        let named = ["VISUAL", "EDITOR"].compactMap { context.environment[$0] }.first { !$0.isEmpty }
        guard named != nil || ProcessEnvironment.isInteractive else {
            throw Failure(
                .usage, "-e opens vi, which needs a terminal",
                hint:
                    "imgadm sources -a URL and -d URL change the sources without one; VISUAL or EDITOR names an editor that needs none"
            )
        }
        let editor = named ?? "vi"
        let before = try context.tool.config.load().sources
        let folder = context.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        // Where everybody may make files: nobody else is to write what we then save.
        let own = try PrivateFolder.new(in: FilePath(folder), prefix: "imgadm-sources.")
        let file = own.path.appending("sources.txt")
        try HostFile.write(Array(SourceLines.text(before).utf8), to: file, mode: [.ownerReadWrite])
        let after = try await edited(file, with: editor, in: own, before)
        guard after != before else {
            try remove(own)
            return try context.output.line("Image sources unchanged")
        }
        do {
            try await context.tool.config.update { $0.setSources(after) }
        } catch {
            throw kept(.wrapping(error, .configError, "cannot save the image sources"), file)
        }
        try remove(own)
        try tell(before, after)
    }

    /// Removes the folder with all that the editor has left in it.
    private func remove(_ folder: PrivateFolder) throws {
        for name in try folder.names() { try folder.remove(name) }
        try folder.remove()
    }

    /// The sources of the file once the user is done with it, it has no mistake, and those that are new answer.
    private func edited(
        _ file: FilePath, with editor: String, in folder: PrivateFolder, _ before: [SourceDescriptor]
    ) async throws -> [SourceDescriptor] {
        while true {
            do {
                try await InteractiveProgram.edit(file, with: editor)
            } catch {
                throw kept(.wrapping(error, .commandFailed, "cannot edit the image sources"), file)
            }
            guard let bytes = try HostFile.read(file, limit: 4 << 20, from: .setUp) else {
                // Nothing is left that was typed.
                try remove(folder)
                throw Failure(
                    .commandFailed, "the editor has removed the file with the image sources: nothing was changed")
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                let sources = try SourceLines.read(text)
                let new = sources.filter { !before.contains($0) }
                for file in new.compactMap(\.tokenFile) { _ = try AccessToken(file: FilePath(file)) }
                let failures = try await context.tool.pingFailures(force ? [] : new)
                context.remark(context.tool.takeSourceRemarks())
                if let failure = Failure.combining(failures) { throw failure }
                return sources
            } catch let error as any CodedError {
                guard ProcessEnvironment.isInteractive else { throw kept(error.failure, file) }
                try context.output.line(error.fullDescription)
                let answer: String?
                do {
                    answer = try await context.output.ask("Edit again?", "Y/n")
                } catch let cancellation as CancellationError {
                    context.note("what you typed is kept in \(file)")
                    throw cancellation
                }
                if answer == nil || answer?.lowercased().hasPrefix("n") == true { throw kept(error.failure, file) }
            }
        }
    }

    /// What was typed is never lost.
    private func kept(_ failure: Failure, _ file: FilePath) -> Failure {
        let hint = failure.hint.map { "\($0); " } ?? ""
        return Failure(
            failure.code, failure.message, cause: failure.cause, hint: "\(hint)what you typed is kept in \(file)")
    }

    private func tell(_ before: [SourceDescriptor], _ after: [SourceDescriptor]) throws {
        let stayedBefore = before.filter(after.contains)
        let stayedAfter = after.filter(before.contains)
        if stayedBefore != stayedAfter { try context.output.line("Reordered image sources") }
        for source in after where !before.contains(source) {
            try context.output.line(
                "Added \"\(source.type.rawValue)\" image source \"\(source.url.base)\"\(source.remarks)")
        }
        let gone = before.filter { !after.contains($0) }
        context.tool.forget(gone)
        for source in gone {
            try context.output.line(
                "Deleted \"\(source.type.rawValue)\" image source \"\(source.url.base)\"\(source.remarks)")
        }
    }
}

/// Sources as text, `URL TYPE [insecure] [token-file=FILE]` a line.
enum SourceLines {
    static func text(_ sources: [SourceDescriptor]) -> String {
        let lines = sources.map { source in
            let token = source.tokenFile.map { " token-file=\($0)" } ?? ""
            return "\(source.displayURL) \(source.type.rawValue)\(source.insecure ? " insecure" : "")\(token)\n"
        }
        return """
            # The image sources of imgadm, in the order in which they are asked.
            #
            # A line is:  URL TYPE [insecure] [token-file=FILE]
            # TYPE is one of: \(SourceType.names). With "insecure", TLS certificates are not checked.
            # An image server is shown the token in FILE.
            # ?channel=NAME behind a URL chooses a channel. Lines that begin with # count for nothing.

            \(lines.joined())
            """
    }

    /// - Throws: `Usage`, naming the line.
    static func read(_ text: String) throws(Failure) -> [SourceDescriptor] {
        var sources: [SourceDescriptor] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let url = words.first, !url.hasPrefix("#") else { continue }
            func mistake(_ why: String) -> Failure { Failure(.usage, "line \(index + 1): \(why)") }
            guard words.count >= 2 else {
                throw mistake("\"\(URLCredentials.hidden(in: url))\" has no type (one of: \(SourceType.names))")
            }
            guard let type = SourceType(rawValue: words[1]) else {
                throw mistake("\"\(words[1])\" is no source type (must be one of: \(SourceType.names))")
            }
            let tokenFiles = words[2...].compactMap { word in
                word.hasPrefix("token-file=") ? String(word.dropFirst(11)) : nil
            }
            let others = words[2...].filter { !$0.hasPrefix("token-file=") }
            guard others.isEmpty || others == ["insecure"], tokenFiles.count <= 1 else {
                throw mistake(
                    "\"\(words[2...].joined(separator: " "))\" is neither \"insecure\" nor \"token-file=FILE\"")
            }
            let source: SourceDescriptor
            do {
                source = try SourceDescriptor(url, type: type, insecure: !others.isEmpty)
                    .withTokenFile(tokenFiles.first)
            } catch {
                throw mistake(error.message)
            }
            guard !sources.contains(where: source.isSame) else { throw mistake("\"\(url)\" stands there twice") }
            sources.append(source)
        }
        return sources
    }
}
