public import IMGAPI
public import ImageSource

extension ImageTool {
    /// From now on an image server is shown this token, and not the one that the config has for it.
    public func showToken(_ token: AccessToken, to server: SourceDescriptor) {
        sources.tokens.give(token, to: [server.url])
    }
}
