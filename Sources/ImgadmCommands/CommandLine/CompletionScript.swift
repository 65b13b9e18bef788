import ArgumentParser

/// The scripts by which shells complete. ArgumentParser writes them of the table of commands; what it does not know is put in
/// here: that candidates depend on the word which is being typed, that files may be meant as well, and how bash parts words.
enum CompletionScript {
    /// What stands in the scripts for the word that is being typed.
    fileprivate static let word = "@WORD@"
    /// Marks candidates beside which files may be meant.
    fileprivate static let orFiles = "available \(word)"

    static func text(for shell: CompletionShell) -> String {
        let script = withoutSecondHelp(CommandTree.completionScript(for: shell))
        return switch shell {
        case .bash: script.replacing(word, with: "\"${cur}\"") + "\n" + bashWords
        case .zsh:
            // One way to complete stands at the end of its line.
            withWords(
                withFiles(script, "_describe -V \"\" list}", "_describe -V \"\" list;_files}"), ofArguments: "'*:",
                typed: "\"${PREFIX}\"", before: "\"${(@Q)words[2,CURRENT-1]}\"")
        default:
            withWords(
                withFiles(script, "-fka '(", "-Fka '("), ofArguments: "_for_positional ", typed: "(commandline -ct)",
                before: "(commandline -opc)[3..]")
        }
    }

    /// Has candidates depend on the word that is being typed, and those of arguments on the words before it: what was named already is not
    /// named again, while the value of an option may be. (In bash that is found out by what stands at the end of its script.)
    private static func withWords(
        _ script: String, ofArguments mark: String, typed: String, before: String
    ) -> String {
        script.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.replacing(word, with: $0.contains(mark) ? "\(typed) -- \(before)" : typed) }
            .joined(separator: "\n")
    }

    /// Has a shell offer files as well in the lines where they may be meant.
    private static func withFiles(_ script: String, _ alone: String, _ both: String) -> String {
        script.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.contains(orFiles) ? String($0).replacing(alone, with: both) : String($0) }
            .joined(separator: "\n")
    }

    /// ArgumentParser has a command for help of its own, which knows no commands, and writes it behind ours.
    private static func withoutSecondHelp(_ script: String) -> String {
        let starts = script.ranges(of: "_imgadm_help() {")
        guard starts.count > 1, let start = starts.last?.lowerBound,
            let end = script[start...].firstRange(of: "\n}\n")?.upperBound
        else { return script }
        return String(script[..<start] + script[end...])
    }

    /// bash ends a word at `=` and at `:`, where a filter, a docker reference or a URL goes on: what is typed is what blanks part, and
    /// what is before the last of these must not be put in a second time. A filter is not done with its field.
    private static let bashWords = """
        __imgadm_in_words() {
            local typed="${COMP_LINE:0:COMP_POINT}"
            typed="${typed##*[[:space:]]}"
            local before="${typed%"${typed##*[=:]}"}"
            if [[ "${typed}" == --*=* ]]; then
                local -a COMP_WORDS
                read -ra COMP_WORDS <<< "${COMP_LINE:0:COMP_POINT}"
                COMP_WORDS[${#COMP_WORDS[@]} - 1]="${typed%%=*}"
                COMP_WORDS+=("${typed#*=}")
                local COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _imgadm "${1}" "${typed#*=}" "${typed%%=*}"
                [[ "${COMP_WORDBREAKS}" == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/"${typed%%=*}="}")
            elif [[ -n "${before}" && "${COMP_WORDBREAKS}" == *[=:]* ]]; then
                local -a COMP_WORDS
                read -ra COMP_WORDS <<< "${COMP_LINE:0:COMP_POINT}"
                local COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _imgadm "${1}" "${typed}" "${COMP_WORDS[COMP_CWORD - 1]}"
                COMPREPLY=("${COMPREPLY[@]#"${before}"}")
            else
                _imgadm "$@"
            fi
            local -A seen=()
            local word index isFile=1
            # What was named already is not named again; the value of an option may be.
            if [[ -z "${before}" && "${COMP_WORDS[COMP_CWORD - 1]}" != -* ]]; then
                for ((index = 2; index < COMP_CWORD; index++)); do seen[x${COMP_WORDS[index]}]=1; done
            fi
            for index in "${!COMPREPLY[@]}"; do
                word="${COMPREPLY[index]%% }"
                [[ -e "${word}" ]] || isFile=
                if [[ -z "${word}" || -n "${seen[x${word}]}" ]]; then unset "COMPREPLY[index]"; else seen[x${word}]=1; fi
            done
            # Of a file the name is shown, without its folders.
            [[ -n "${isFile}" ]] || compopt +o filenames 2> /dev/null
            COMPREPLY=("${COMPREPLY[@]}")
            [[ "${COMPREPLY[*]}" != *= ]] || compopt -o nospace +o filenames 2> /dev/null
            if [[ ${#COMPREPLY[@]} -eq 0 && " ${COMP_WORDS[*]:1} " =~ ^(\\ -[^\\ ]*)*\\ (import|show)\\  ]]; then
                compopt -o default 2> /dev/null
            fi
        }
        complete -o filenames -F __imgadm_in_words imgadm
        """
}

extension CompletionKind {
    private static func asking(_ kind: String) -> CompletionKind {
        .shellCommand("imgadm complete \(kind) \(CompletionScript.word) 2>/dev/null")
    }

    /// Installed images; several are parted by commas.
    static var images: CompletionKind { asking("images") }
    /// Images of the sources, as far as their names are kept here, or files.
    static var available: CompletionKind { asking("available") }
    static var machines: CompletionKind { asking("machines") }
    static var sources: CompletionKind { asking("sources") }
    /// Images of servers, and the URLs of these.
    static var remote: CompletionKind { asking("remote") }
    static var pools: CompletionKind { asking("pools") }
    /// Fields of listings; several are parted by commas.
    static var fields: CompletionKind { asking("fields") }
    static var filters: CompletionKind { asking("filters") }
    /// Names of installed images, behind which goes how many are kept.
    static var keptImages: CompletionKind { asking("kept") }
}
