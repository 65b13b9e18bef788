import ImageModel

/// A source that cannot be asked, and says why whatever it is asked.
struct UnusableSource: ImageSource {
    let descriptor: SourceDescriptor
    let reason: any Error

    func ping() async throws { throw reason }
    func list(_ wanted: WantedImages) async throws -> [ListedImage]? { throw reason }
    func manifest(of uuid: ImageUUID) async throws -> Manifest? { throw reason }
    func image(of manifest: Manifest) throws -> AvailableImage { throw reason }
}
