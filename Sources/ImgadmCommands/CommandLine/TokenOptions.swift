import ArgumentParser
import Failure
import Host
import HostConfig
import IMGAPI
import ImageSource
import ImageTool
import SystemPackage
import Transport

/// `--token-file` and `--token`, as the commands have them that talk to image servers.
struct TokenOptions: ParsableArguments {
    @Option(
        name: .customLong("token-file"), parsing: .unconditional,
        help: ArgumentHelp(
            "Show the image server the token in this file, which nobody else may read: the server that the command names, or the one that is configured. IMGADM_TOKEN has a token itself.",
            valueName: "file"), completion: .file())
    var file: String?
    @Option(
        name: .customLong("token"), parsing: .unconditional,
        help: ArgumentHelp(
            "The same with the token itself, which every user of this host can see in the list of processes.",
            valueName: "token"))
    var token: String?

    /// No option: what `IMGADM_TOKEN` has counts.
    static func ambient() throws -> TokenOptions { try TokenOptions.parse([]) }

    /// Has the server that a command is about shown the token, if there is one.
    ///
    /// - Parameter named: the URLs of sources that the command names; the configured ones count if there are none.
    /// - Throws: `Usage` for a token that is none, or that is given where it is not plain for which server; `UnsafeFile`; `ConfigError`.
    func give(to named: [String], _ context: CommandContext) async throws {
        guard let (token, isGiven) = try await chosen(context.environment) else { return }
        let sources =
            try named.isEmpty ? context.tool.config.load().sources : named.map { try context.tool.namedSource($0) }
        let servers = sources.filter { $0.type == .imgapi }
        // Another server would have it from then on.
        guard let first = servers.first, servers.allSatisfy({ $0.url.base == first.url.base }) else {
            guard isGiven else { return context.tool.withholdToken() }
            throw Failure(
                .usage,
                servers.isEmpty
                    ? "there is no image server that could be shown a token"
                    : "a token is for one image server, and there are \(servers.count)",
                hint: servers.isEmpty
                    ? "docker login keeps the credentials of registries"
                    : "imgadm sources -a URL --token-file FILE keeps one for each; import -S URL names one")
        }
        context.tool.showToken(token, to: first)
    }

    /// - Returns: the token, and whether an option gives it.
    private func chosen(_ environment: [String: String]) async throws -> (AccessToken, isGiven: Bool)? {
        switch (file, token) {
        case (_?, _?): throw Failure(.usage, "--token-file and --token exclude each other")
        case (nil, let text?): return (try AccessToken(text, from: "--token"), true)
        case (let file?, nil):
            // It may be a pipe, which is waited for.
            return try await withTaskExecutorPreference(DedicatedThread("token")) {
                (try AccessToken(file: FilePath(file), from: .handedOver), true)
            }
        case (nil, nil):
            guard let text = environment["IMGADM_TOKEN"], !text.isEmpty else { return nil }
            return (try AccessToken(text, from: "IMGADM_TOKEN"), false)
        }
    }
}
