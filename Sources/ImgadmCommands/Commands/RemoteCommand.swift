import ArgumentParser
import Failure
import ImageModel
import ImageTool
import JSON

struct RemoteCommand: AnsweringCommand {
    static let valueLetters = "os"
    static let configuration = CommandConfiguration(
        commandName: "remote", abstract: "Look at the images of an image server, and change them there",
        usage: """
            imgadm remote list [-j | --format FORMAT] [-H] [-o FIELD,…] [-s FIELD,…]
                [--key FILE --user NAME | --token-file FILE | --token TOKEN] [FILTER…] URL
            imgadm remote show [--format FORMAT] [--key FILE --user NAME | --token-file FILE | --token TOKEN] IMAGE URL
            imgadm remote enable|disable|delete [-j | --format FORMAT] [--key FILE --user NAME | --token-file FILE | --token TOKEN] IMAGE… URL
            imgadm remote set [-j | --format FORMAT] [--key FILE --user NAME | --token-file FILE | --token TOKEN] IMAGE FIELD=VALUE… URL
            imgadm remote channel-add|channel-remove [-j | --format FORMAT]
                [--key FILE --user NAME | --token-file FILE | --token TOKEN] CHANNEL IMAGE… URL
            """,
        discussion: """
            The server is that of the URL; ?channel=NAME behind it means the images of that channel, and a delete then takes
            an image out of it. An image is named by its UUID or the beginning of that, by NAME[@VERSION] where only one is called
            so, or by NAME@latest. A server tells of images that are not active, and changes any, only for whom it knows: --key FILE and --user NAME sign the requests,
            --token-file shows a token.

            set changes fields of the manifest; null takes a field away. A disabled image is not listed any more; who has its
            UUID still gets it. channel-remove never takes an image out of its last channel. All images
            are looked up before the first is changed; after an error nothing more is changed. With -j, what was changed is told by one object, as other commands tell it.

            EXAMPLES
              imgadm remote list state=disabled https://images.example.com
              imgadm remote disable web@1.0.0 https://images.example.com
              imgadm remote set web@1.0.1 description='the web tier' https://images.example.com
              imgadm remote channel-add release web@1.0.1 'https://images.example.com?channel=staging'
            """)

    /// What can be done.
    private enum Verb: String, CaseIterable {
        case list, show, enable, disable, delete, set
        case channelAdd = "channel-add"
        case channelRemove = "channel-remove"
    }

    @OptionGroup var options: OutputOptions
    @OptionGroup var sort: SortOption
    @OptionGroup var signing: SigningOptions
    @OptionGroup var token: TokenOptions
    @Argument(
        help: ArgumentHelp("What is to be done.", valueName: "verb"),
        completion: .list(Verb.allCases.map(\.rawValue)))
    var verb: String?
    @Argument(
        help: ArgumentHelp("Filters, or images and what is to become of them; then the URL.", valueName: "argument"),
        completion: .remote)
    var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        guard let word = self.verb else { throw CallError("missing argument: what is to be done") }
        guard let verb = Verb(rawValue: word) else {
            let words = Verb.allCases.map(\.rawValue)
            throw CallError(
                "\"\(word)\" is nothing that remote does",
                hint: Suggestion.hint(for: word, among: words) ?? "it does \(words.joined(separator: ", "))")
        }
        if verb == .list, options.wantsFieldHelp {
            return try Listing.printFieldHelp(to: context.output, noHeader: options.noHeader)
        }
        guard let url = arguments.last, url.contains("://") else {
            throw CallError("missing argument: URL", hint: "the URL of the server, with its https://, stands last")
        }
        let words = Array(arguments.dropLast())
        try check(verb)
        let source = try context.tool.namedSource(url)
        try await token.give(to: [url], context)
        let server = try context.tool.remoteServer(source, by: try signing.signer(context))
        switch verb {
        case .list: try await list(words, server, context)
        case .show:
            let format = try OutputFormat(options.format, json: options.json, allowed: OutputFormat.ofValues)
            let image = try await server.image(Arguments.one(words, "IMAGE"))
            try context.output.value(.object(image.manifest.json), as: format)
        case .enable, .disable, .delete, .set, .channelAdd, .channelRemove:
            try await context.reporting { try await change(verb, words, server, $0) }
        }
    }

    private func change(_ verb: Verb, _ words: [String], _ server: RemoteServer, _ report: Report) async throws {
        switch verb {
        case .list, .show: break
        case .enable, .disable:
            for image in try await server.images(images(words)) {
                try await server.enable(image, verb == .enable, report)
            }
        case .delete: for image in try await server.images(images(words)) { try await server.delete(image, report) }
        case .set:
            guard let image = words.first else { throw CallError("missing argument: IMAGE") }
            guard words.count > 1 else { throw CallError("missing argument: FIELD=VALUE") }
            let fields = try fields(words.dropFirst())
            try await server.update(server.image(image), fields, report)
        case .channelAdd, .channelRemove:
            guard let channel = words.first else { throw CallError("missing argument: CHANNEL") }
            let images = try await server.images(images(words.dropFirst()))
            if verb == .channelAdd {
                try await server.add(images, toChannel: channel, report)
            } else {
                try await server.remove(images, fromChannel: channel, report)
            }
        }
    }

    /// What changes nothing prints what was asked for.
    func answersJSON() throws(Failure) -> Bool {
        guard let word = self.verb, let verb = Verb(rawValue: word), verb != .list, verb != .show else { return false }
        return try OutputFormat(options.format, json: options.json, allowed: [.table, .json]) == .json
    }

    private func images(_ words: some Collection<String>) throws(CallError) -> [String] {
        guard !words.isEmpty else { throw CallError("missing argument: IMAGE") }
        return Array(words)
    }

    private func list(_ filters: [String], _ server: RemoteServer, _ context: CommandContext) async throws {
        let listing = try Listing(
            options, standardColumns: "uuid,name,version,os,type,state,pub", sort: sort.keys, filters: filters)
        let images = try await server.images()
        try listing.query.checkFields(among: images, areAll: true) { $0.manifest }
        try listing.print(
            listing.query.rows(of: images, manifest: \.manifest), to: context.output, in: context.tableRoom
        ) { image in ["manifest": image.manifest.value] }
    }

    /// - Throws: `Usage` for options that mean nothing for the verb.
    private func check(_ verb: Verb) throws(Failure) {
        let isList = verb == .list
        guard isList || options.columns.isEmpty && sort.keys.isEmpty && !options.noHeader else {
            throw Failure(.usage, "-H, -o and -s go with imgadm remote list")
        }
    }

    /// The members to change. A dotted path would have to know the rest of its object, which may change meanwhile.
    private func fields(_ words: some Sequence<String>) throws(Failure) -> JSONObject {
        var fields: JSONObject = [:]
        for (path, value) in try ManifestArguments.fields(words) {
            guard !path.contains(".") else {
                throw Failure(
                    .usage, "\"\(path)\" is part of a field, and a server changes whole ones",
                    hint: "set the field as JSON: \(path.prefix { $0 != "." })='{\"…\": …}'")
            }
            // A server may have fields that nobody else knows, but not one that differs from a known one by a slip.
            if let near = UnknownField.near(path) {
                throw Failure(.usage, "unknown field: \"\(path)\"", hint: "did you mean \"\(near)\"?")
            }
            // Of a text, too, it means that there is none.
            fields[path] = value == "null" ? .null : value
        }
        return fields
    }
}
