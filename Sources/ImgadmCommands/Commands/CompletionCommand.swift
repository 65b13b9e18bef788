import ArgumentParser
import Failure
import HostConfig
import ImageModel
import ImageSource
import ImageStore
import ImageTool
import Transport
import ZFS

struct CompletionCommand: ImgadmCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the completion script of a shell",
        usage: "imgadm completion bash|zsh|fish",
        discussion: """
            EXAMPLES
              source <(imgadm completion bash)
              imgadm completion zsh > /usr/local/share/zsh/site-functions/_imgadm
              imgadm completion fish > ~/.config/fish/completions/imgadm.fish
            """)

    @Argument(
        help: ArgumentHelp("bash, zsh or fish.", valueName: "shell"), completion: .list(["bash", "zsh", "fish"]))
    var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let name = try Arguments.one(arguments, "shell")
        guard let shell = CompletionShell(rawValue: name) else {
            throw Failure(.usage, "there is no completion for the shell \"\(name)\"", hint: "bash, zsh or fish")
        }
        try context.output.text(CompletionScript.text(for: shell) + "\n")
    }
}

/// What shells ask for while somebody types: `imgadm complete KIND [WORD [-- WORD…]]`, with the word that is being typed, and those before
/// it. It is not for people, and it never fails aloud.
struct CompleteCommand: ImgadmCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "Print what may be typed", shouldDisplay: false)

    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        // In zsh a colon ends the word, and what it means follows.
        let isZsh = context.environment["SAP_SHELL"] == "zsh"
        // Somebody who is typing a command wants no error of another one: what cannot be known is not offered.
        let named = Set(arguments.dropFirst(2))
        for word in (try? await words(context)) ?? [] where !named.contains(word) && Self.isPlain(word) {
            try context.output.line(isZsh ? word.replacing(":", with: "\\:") : word)
        }
    }

    /// Nothing in it means something to a shell: bash carries out what stands in the words that it is given to choose from, and puts the
    /// chosen one on the line as it is. Sources and images, whose words these are, may say anything.
    static func isPlain(_ word: String) -> Bool {
        word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._-+/:@=,%?[]".utf8.contains(byte)
            }
        }
    }

    /// What may stand in place of the word that is being typed.
    private func words(_ context: CommandContext) async throws -> [String] {
        let word = arguments.dropFirst().first ?? ""
        switch arguments.first {
        case "images":
            return Self.listed(try await images(context), after: word)
        case "available": return context.tool.keptNames().sorted()
        case "machines": return try await context.tool.store.machineDatasets().map(\.description).sorted()
        case "remote":
            let servers = try context.tool.config.load().sources.filter { $0.type == .imgapi }.map(\.displayURL)
            return context.tool.keptNames(of: .imgapi).sorted() + servers
        case "sources": return try context.tool.config.load().sources.map(\.displayURL)
        case "pools": return Set(try await context.tool.store.pools().map(\.description)).sorted()
        case "kept": return try await names(context).map { "\($0)=" }
        case "fields": return Self.listed(Self.fields, after: word)
        case "filters":
            guard let sign = word.firstIndex(of: "=") else { return Self.fields.map { "\($0)=" } }
            let field = String(word[..<sign])
            return try await values(of: field, context).map { "\(field)=\($0)" }
        default: return []
        }
    }

    private static let fields = FieldHelp.fields.map(\.name).filter { !$0.hasSuffix("*") }

    /// Words of a list that is parted by commas: behind what is there already.
    private static func listed(_ words: [String], after typed: String) -> [String] {
        guard let comma = typed.lastIndex(of: ",") else { return words }
        let before = typed[...comma]
        // help is the whole of a list.
        guard before != "help," else { return [] }
        let there = Set(before.split(separator: ",").map(String.init))
        return words.filter { !there.contains($0) }.map { "\(before)\($0)" }
    }

    /// Installed images, by all that they are called.
    private func images(_ context: CommandContext) async throws -> [String] {
        let images = DockerRows.heads(among: try await context.tool.store.images())
        // All docker images have the same name.
        let names = images.filter { $0.manifest.imageType != .docker }.flatMap { Self.names(of: $0.manifest) }
        return images.map(\.uuid.description) + Set(names + images.flatMap(\.references)).sorted()
    }

    /// What installed images are called.
    private func names(_ context: CommandContext) async throws -> [String] {
        Set(try await context.tool.store.images().flatMap { Self.names(of: $0.manifest) }).sorted()
    }

    private static func names(of manifest: Manifest) -> [String] {
        manifest.names.filter(ImageSources.isTyped)
    }

    /// What a field may be, as far as that is known without asking anybody.
    private func values(of field: String, _ context: CommandContext) async throws -> [String] {
        if let values = FieldPath(field).values { return values }
        switch field {
        case "zpool", "pool": return Set(try await context.tool.store.pools().map(\.description)).sorted()
        case "source": return try context.tool.config.load().sources.map(\.url.base)
        case "uuid", "origin": return try await images(context)
        case "reference": return Set(try await context.tool.store.images().flatMap(\.references)).sorted()
        case "name": return context.tool.keptNames().union(try await names(context)).sorted()
        case "version":
            let versions = try await context.tool.store.images().compactMap(\.manifest.version)
            return Set(versions.filter(ImageSources.isTyped)).sorted()
        default: return []
        }
    }
}
