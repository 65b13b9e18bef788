import Host
import ImageModel
import ImageStore
import SystemPackage

/// An image file of this host whose progress is told to the report.
struct MeasuredFile: ImageFileReader {
    private let file: LocalImageFile
    private let transfer: OpenTransfer
    private var position: Int64 = 0

    init(_ path: FilePath, of manifest: Manifest, _ report: Report) throws {
        file = try LocalImageFile(path)
        transfer = report.transfers.opening(
            .install, of: manifest.uuid, title: manifest.title, total: try HostFile.size(path))
    }

    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        do {
            var count = 0
            let more = try await file.next { bytes in
                count = bytes.byteCount
                try body(bytes)
            }
            position += Int64(count)
            transfer.advance(to: position)
            if !more { transfer.end(isDone: true) }
            return more
        } catch {
            transfer.end(isDone: false)
            throw error
        }
    }
}
