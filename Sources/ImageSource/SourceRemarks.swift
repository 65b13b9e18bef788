import Synchronization

/// What sources have to say beside their answers: nothing went wrong, but people should know it.
public final class SourceRemarks: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ text: String) { texts.withLock { $0.append(text) } }

    /// What was said since this was last asked.
    public func take() -> [String] {
        texts.withLock { texts in
            defer { texts = [] }
            return texts
        }
    }
}
