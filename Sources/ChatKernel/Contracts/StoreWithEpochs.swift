/// An optional ability: a store that can be told that it is not what its clients have seen.
///
/// After an older copy has been put back, the numbers above its head were given out once and will be again, to other events. A client
/// whose cursor is of the new epoch cannot take the one for the other: it is told `epoch_changed`, and begins with a snapshot.
public protocol StoreWithEpochs: Store {
    /// Makes cursors of before invalid, durably. Entries keep their numbers.
    ///
    /// Only while no kernel serves the store: what has been handed out bears the epoch that was.
    /// - Returns: the new epoch, which is random.
    /// - Throws: `unavailable`, `full`; then the epoch is what it was.
    func beginEpoch() async throws(StoreError) -> Epoch
}
