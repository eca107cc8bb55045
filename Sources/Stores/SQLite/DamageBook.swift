import ChatKernel
import Synchronization

/// What was found not to be as it was written. Each is said once in the log.
final class DamageBook: Sendable {
    /// Past so many nobody reads the log any more; they are counted no further.
    private static let limit = 1000

    private let log: any LogSink
    private let known = Mutex<Set<String>>([])

    init(_ log: any LogSink) { self.log = log }

    var count: Int { known.withLock { $0.count } }

    func note(_ detail: String) {
        let isNew = known.withLock { $0.count < Self.limit && $0.insert(detail).inserted }
        if isNew { log.error("the store is damaged", LogField("what", detail)) }
    }

    /// Notes the error if it tells of damage.
    func note(_ error: StoreError) {
        if error.code == .damaged { note(error.detail) }
    }

    /// Runs `body` and notes what it meets.
    func noting<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
        do throws(StoreError) {
            return try body()
        } catch {
            note(error)
            throw error
        }
    }
}
