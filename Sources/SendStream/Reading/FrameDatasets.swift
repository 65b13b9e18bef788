/// Datasets that were sent together with the one that is read.
public struct FurtherDatasets: Sendable, Hashable {
    /// Those of the first ones, each once.
    public internal(set) var names: [[UInt8]] = []
    /// There are more.
    public internal(set) var isLong = false

    static let mostNames = 16
    /// As `zfs send -R --skip-missing` leaves it.
    static let withoutUppermost = "nothing is in it of the dataset that was sent, only of those below it"
}

/// Tells which streams of a frame (`send -R`) are of the dataset that was sent, and which of those below it.
struct FrameDatasets {
    /// What names of datasets below begin with; nil: no frame is being read.
    private var prefix: [UInt8]?
    private(set) var further = FurtherDatasets()

    /// Whether a stream has to do with the dataset that is read; the head of a frame has no content.
    mutating func takes(_ header: StreamHeader) -> Bool {
        let dataset = header.name.prefix { $0 != UInt8(ascii: "@") }
        if header.isCompound {
            prefix = dataset + [UInt8(ascii: "/")]
            return false
        }
        guard let prefix, dataset.starts(with: prefix) else { return true }
        guard !further.names.contains(where: { $0.elementsEqual(dataset) }) else { return false }
        if further.names.count < FurtherDatasets.mostNames {
            further.names.append(Array(dataset))
        } else {
            further.isLong = true
        }
        return false
    }

    mutating func end() { prefix = nil }
}
