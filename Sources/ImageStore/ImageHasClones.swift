public import Failure
import ImageModel
import ZFS

/// An image stays as long as something is a clone of it.
public struct ImageHasClones: CodedError {
    public let failure: Failure

    /// What is to be done about those that are named already.
    public static let firstThose =
        "what is a clone of it goes first: imgadm delete takes images, and zfs destroy what else nobody needs"

    init(_ uuid: ImageUUID, _ clones: [DatasetName]) {
        let others = clones.count - 1
        let more = others == 0 ? "" : " and \(others) other\(others == 1 ? "" : "s")"
        failure = Failure(
            .imageHasDependentClones,
            "image \"\(uuid)\" has dependent clones: \(clones.first?.description ?? "")\(more)",
            hint: others == 0
                ? ImageHasClones.firstThose : "\(ImageHasClones.firstThose); imgadm delete -v names them all")
    }
}
