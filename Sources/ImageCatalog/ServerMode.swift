/// What kind of repository the server is (imgapi.md, section 2).
public enum ServerMode: String, Sendable, Hashable, CaseIterable {
    /// Every image is public. The public sees neither `billing_tags` nor `traits`.
    case `public`
    /// No image is public.
    case `private`
}
