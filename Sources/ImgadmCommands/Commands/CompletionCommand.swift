import ArgumentParser
import Failure
import HostConfig
import ImageModel
import ImageSource
import ImageStore
import ImageTool
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
        try context.output.text(CommandTree.completionScript(for: shell) + "\n")
        if shell == .bash { try context.output.text(Self.bashFilters + "\n") }
    }

    /// bash ends a word at `=`, and puts a blank behind what it has completed: a filter is not done with its field. It ends one at
    /// `:` as well, where a docker reference or a URL goes on: what is before that must not be put in a second time.
    private static let bashFilters = """
        __imgadm_with_filters() {
            if [[ "${COMP_WORDS[COMP_CWORD]}" == = || "${COMP_WORDS[COMP_CWORD - 1]}" == = ]]; then
                COMPREPLY=()
                return
            fi
            local typed="${COMP_LINE:0:COMP_POINT}"
            typed="${typed##*[[:space:]]}"
            if [[ "${typed}" == *:* && "${COMP_WORDBREAKS}" == *:* ]]; then
                local -a COMP_WORDS
                read -ra COMP_WORDS <<< "${COMP_LINE:0:COMP_POINT}"
                local COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _imgadm "${1}" "${typed}" "${COMP_WORDS[COMP_CWORD - 1]}"
                COMPREPLY=("${COMPREPLY[@]#"${typed%"${typed##*:}"}"}")
                return
            fi
            _imgadm "$@"
            [[ "${COMPREPLY[*]}" != *= ]] || compopt -o nospace +o filenames
        }
        complete -o filenames -F __imgadm_with_filters imgadm
        """
}

/// What shells ask for while somebody types: `imgadm complete KIND`. It is not for people, and it never fails aloud.
struct CompleteCommand: ImgadmCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "Print what may be typed", shouldDisplay: false)

    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        // In zsh a colon ends the word, and what it means follows.
        let isZsh = context.environment["SAP_SHELL"] == "zsh"
        // Somebody who is typing a command wants no error of another one: what cannot be known is not offered.
        for word in (try? await words(context)) ?? [] {
            try context.output.line(isZsh ? word.replacing(":", with: "\\:") : word)
        }
    }

    private func words(_ context: CommandContext) async throws -> [String] {
        switch arguments.first {
        case "images":
            let images = DockerRows.heads(among: try await context.tool.store.images())
            // All docker images have the same name.
            let names = images.filter { $0.manifest.imageType != .docker }.compactMap(\.manifest.name)
            return images.map(\.uuid.description) + Set(names + images.flatMap(\.references)).sorted()
        case "sources": return try context.tool.config.load().sources.map(\.displayURL)
        case "pools": return Set(try await context.tool.store.pools().map(\.description)).sorted()
        case "fields": return FieldHelp.fields.map(\.name).filter { !$0.hasSuffix("*") }
        case "filters": return FieldHelp.fields.map(\.name).filter { !$0.hasSuffix("*") }.map { "\($0)=" }
        default: return []
        }
    }
}

extension CompletionKind {
    private static func asking(_ kind: String) -> CompletionKind {
        .shellCommand("imgadm complete \(kind) 2>/dev/null")
    }

    /// Installed images.
    static var images: CompletionKind { asking("images") }
    static var sources: CompletionKind { asking("sources") }
    static var pools: CompletionKind { asking("pools") }
    static var fields: CompletionKind { asking("fields") }
    static var filters: CompletionKind { asking("filters") }
}
