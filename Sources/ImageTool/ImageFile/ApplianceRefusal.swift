import Failure

/// What is said of an archive that is called like an appliance (OVA), and is none: its description must come first (DSP0243 5.3).
enum ApplianceRefusal {
    /// Nil for an archive that is not called so.
    ///
    /// - Parameters:
    ///   - name: how the file is called.
    ///   - title: how messages call it.
    static func failure(of name: String, _ title: String) -> Failure? {
        guard FileName.isOfAppliance(name) else { return nil }
        return Failure(
            .invalidFile,
            "\(title) is called .ova, and does not begin with a description (*.ovf) as an OVA does",
            hint: "tar -xf takes the disk out of it, which this command takes by itself")
    }
}
