import Synchronization

/// Conversations let go of what they are not to keep.
extension Kernel {
    /// How long after a pass the next begins, in nanoseconds: at least a minute, and so long that passes take no more than a fiftieth
    /// of the time, however many conversations there are.
    private static let retentionInterval: Int64 = 60_000_000_000
    private static let retentionShare: Int64 = 50

    /// Lets go now of what is not to be kept (``KernelLimits/retention``, ``ConversationDetails/retention``), as otherwise happens
    /// about once a minute while ``run()`` runs. Passes never overlap.
    /// - Returns: where something went; nothing when the store keeps everything.
    /// - Throws: `store_unavailable`, `internal`; then nothing went.
    @discardableResult
    public func expire() async throws(ChatError) -> [Expiry] {
        guard let store = store as? any StoreWithRetention else { return [] }
        let retention = limits.retention
        let expiries = try await expiring.take(for: UserID("")) { () async throws(ChatError) in
            do throws(StoreError) {
                return try await store.expire(retention, at: time.wall())
            } catch {
                throw error.asChatError
            }
        }
        metrics.expiries.add(expiries.count, ordering: .relaxed)
        // What is still in memory is not shown any more either.
        if !expiries.isEmpty { committer.forget(expiries) }
        return expiries
    }

    /// Passes, until cancelled.
    func watchRetention() async {
        guard store is any StoreWithRetention else { return }
        var wait = Self.retentionInterval
        while true {
            do { try await time.sleep(until: time.monotonic() + wait) } catch { return }
            let began = time.monotonic()
            do throws(ChatError) {
                try await expire()
            } catch {
                log.error("conversations could not let go of what they are not to keep", LogField("reason", error))
            }
            wait = max(Self.retentionInterval, Self.retentionShare * (time.monotonic() - began))
        }
    }
}
