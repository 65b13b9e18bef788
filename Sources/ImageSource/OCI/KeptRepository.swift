import Failure
import ImageModel
import Logging
import OCIRegistry
import Time
import Transport

/// What the images of a repository are. Where its index is as it was, that takes one request, for the index is asked for by its digest,
/// and the list of then is kept; while the registry is away, what is kept stands for it.
struct KeptRepository: Sendable {
    /// How messages call it.
    let title: String
    let url: String
    let repository: RemoteRepository
    let kept: KeptFiles
    let remarks: SourceRemarks
    let log: Logger

    /// How long an index that stays as it is goes without being compared with the tags, in milliseconds: what somebody put there
    /// who does not keep the index is found then.
    private static let comparisonAge: Int64 = 3_600_000

    /// - Parameter isCompared: with the tags, even if the index is as it was.
    /// - Returns: the list, and whether it was compared with the tags now, or cannot be.
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    func list(isCompared: Bool = false) async throws -> (list: RepositoryList, isCompared: Bool) {
        let file = kept.read(url, limit: ImageLimits.list)
        // What cannot be read was not written here.
        let known = file.flatMap { try? RepositoryList($0.bytes, source: title) }
        do {
            let digest = try await repository.indexDigest()
            if !isCompared, let file, let known, let digest, file.fetched.tag == digest.description, isFresh(file) {
                return (known, false)
            }
            return (try await survey(known?.known ?? [:]), true)
        } catch let error as any CodedError {
            guard let file, let known, Transport.isPassing(error) else { throw error }
            remarks.add("\(title) is away (\(error)): its list of \(file.date) is used")
            return (known, true)
        }
    }

    private func isFresh(_ file: KeptFile) -> Bool {
        let (age, isOver) = Timestamp.now().milliseconds.subtractingReportingOverflow(file.date.milliseconds)
        return !isOver && (0..<Self.comparisonAge).contains(age)
    }

    private func survey(_ known: [ImageUUID: IndexedImage]) async throws -> RepositoryList {
        let date = Timestamp.now()
        let survey = try await repository.survey { [repository] uuid in
            guard let known = known[uuid] else { return try await repository.image(uuid)?.indexed }
            guard let digest = try await repository.digest(of: "\(uuid)") else { return nil }
            return digest == known.digest ? known : try await repository.image(uuid, at: digest)?.indexed
        }
        let list = try RepositoryList(survey, source: title, log: log)
        let fetched = FetchedURL(url, tag: survey.index?.digest.description, modified: nil)
        kept.keep(KeptFile(fetched, date: date, bytes: list.bytes))
        return list
    }
}
