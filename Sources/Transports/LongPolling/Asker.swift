import ChatKernel

/// Who asks on a connection, for as long as that is believed without looking at the token again.
final class Asker {
    let user: UserReference
    /// In the loop's monotonic nanoseconds, as what follows.
    let believedUntil: Int64
    /// When the token ends.
    let endsAt: Int64
    /// Where the user's box was last.
    var place: Int?

    /// - Parameter until: now, for one that is not to be believed again.
    init(_ identity: Identity, until: Int64, endsAt: Int64) {
        user = identity.user
        believedUntil = until
        self.endsAt = endsAt
    }
}
