import Failure
import ImageModel
import ImageSource
import ImageStore

/// An image and those of its origins that are not installed, child first.
struct ImportPlan {
    /// How what is done is called.
    enum Verb {
        /// It is brought here from a source.
        case importing
        /// Its file is here.
        case installing
    }

    let verb: Verb
    var chain: [AvailableImage]
    /// Files that are downloaded at a time.
    let window: Int
    /// What a layer may take.
    let limits: LayerLimits

    /// Bytes that the images will take at least, or nil if that is not known of one of them: of what is not packed, much may be
    /// zero, and take nothing.
    var leastRoom: Int64? {
        get throws(Failure) { chain.contains { $0.draft != nil } ? nil : try size }
    }

    /// The images' files as one number, or nil if one of them states no size.
    ///
    /// - Throws: `InvalidManifest` for sizes that no number holds.
    var size: Int64? {
        get throws(Failure) {
            var sum: Int64 = 0
            for image in chain {
                guard let size = image.check.size else { return nil }
                let (next, isOver) = sum.addingReportingOverflow(size)
                guard !isOver, size >= 0 else {
                    throw Failure(.invalidManifest, "the file of image \(image.uuid) cannot have \(size) bytes")
                }
                sum = next
            }
            return sum
        }
    }
}
