import ImageCatalog

/// The channel in which a request works (imgapi.md, section 6).
enum ChannelScope: Sendable, Equatable {
    /// The server has no channels, or the request is for all of them.
    case everything
    case channel(String)

    /// - Throws: `ValidationFailed` where no channel is named and none is the default, or there is none of that name.
    init(_ parameters: QueryParameters, _ channels: ChannelList?) throws(RequestError) {
        guard let channels else {
            self = .everything
            return
        }
        let named = try parameters["channel"] ?? ""
        switch named.isEmpty ? channels.defaultName : named {
        case nil:
            throw .validationFailed(
                "channel not specified and the server has no default channel",
                .init(field: "channel", code: "MissingParameter"))
        case "*": self = .everything
        case let name? where channels.contains(name): self = .channel(name)
        case let name?: throw .validationFailed("unknown channel: \(name)", .init(field: "channel"))
        }
    }

    /// For a request that changes something: all channels are none to write to.
    init(writing parameters: QueryParameters, _ channels: ChannelList?) throws(RequestError) {
        self = try ChannelScope(parameters, channels)
        if channels != nil, self == .everything {
            throw .validationFailed("unknown channel: *", .init(field: "channel"))
        }
    }

    /// The channels that a new image comes into; nil where there are none.
    var names: [String]? {
        if case .channel(let name) = self { [name] } else { nil }
    }

    func contains(_ image: ServedImage) -> Bool {
        switch self {
        case .everything: true
        case .channel(let name): image.channels.contains(name)
        }
    }
}
