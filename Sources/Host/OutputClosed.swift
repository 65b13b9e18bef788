/// Nobody reads standard output any more, as of a pipe into `head`: whoever did has seen enough.
public struct OutputClosed: Error {
    public init() {}
}
