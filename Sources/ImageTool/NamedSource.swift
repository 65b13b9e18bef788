import Failure
import HostConfig
public import ImageSource

extension ImageTool {
    /// Removes what is kept of sources that are not used any more.
    public func forget(_ descriptors: [SourceDescriptor]) {
        // What names no source has nothing kept of it.
        for descriptor in descriptors {
            try? sources.source(descriptor).forget()
            sources.forgetNames(from: descriptor)
        }
    }

    /// The source that a URL on the command line names (`-S`): as the config has it, where it does; otherwise of the type
    /// that the URL tells, or of the standard one.
    ///
    /// - Throws: `Usage` for a URL that is none; `ConfigError`.
    public func namedSource(_ text: String, standard: SourceType = .imgapi) throws -> SourceDescriptor {
        let told = standard == .imgapi ? SourceType(toldBy: text) : nil
        let named: SourceDescriptor
        do {
            named = try SourceDescriptor(text, type: told ?? standard)
        } catch {
            throw Failure(.usage, error.message)
        }
        let configured = try config.load().sources
        guard
            let known = configured.first(where: {
                $0.url == named.url && ($0.type == .docker) == (standard == .docker)
            })
        else { return named }
        return try known.withChannel(named.channel)
    }
}
