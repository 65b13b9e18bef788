import ImageStore

/// The file of an image as one run of bytes, from a server or from this host.
enum FetchedFile: ImageFileReader {
    case download(DownloadStream)
    case local(MeasuredFile)
    case containerDisk(ContainerDiskFile<DownloadStream>)

    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        switch self {
        case .download(var stream):
            defer { self = .download(stream) }
            return try await stream.next(body)
        case .local(var file):
            defer { self = .local(file) }
            return try await file.next(body)
        case .containerDisk(var disk):
            defer { self = .containerDisk(disk) }
            return try await disk.next(body)
        }
    }
}
