public import ImageModel

/// Which of its images a source is to list.
public struct WantedImages: Sendable {
    /// Those that a name means; nil for all.
    public var name: ImageName?
    /// Those of a type; nil where that does not matter, and the source may choose for a name that means several.
    public var type: ImageType?
    /// Of those that a source knows to be for certain processors.
    public var architecture: ArchitectureChoice

    public init(_ name: ImageName? = nil, type: ImageType? = nil, architecture: ArchitectureChoice = .host) {
        self.name = name
        self.type = type
        self.architecture = architecture
    }
}

/// Images for which processors.
public enum ArchitectureChoice: Sendable, Hashable {
    /// This machine's.
    case host
    case one(Architecture)
    case every
}
