public import IMGAPI
public import ImageSource

extension ImageTool {
    /// The command has a token, and it is not plain for which of several servers: none is shown it, and one that refuses says so.
    public func withholdToken() { sources.tokens.withhold() }

    /// From now on an image server is shown this token, and not the one that the config has for it.
    public func showToken(_ token: AccessToken, to server: SourceDescriptor) {
        sources.tokens.give(token, to: [server.url])
    }
}
