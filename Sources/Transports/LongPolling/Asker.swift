import ChatKernel

/// Who asks on a connection, for as long as that is believed without looking at the token again.
final class Asker {
    let user: UserReference
    /// In the kernel's monotonic nanoseconds.
    let believedUntil: Int64
    /// When the token ends, in the loop's.
    let endsAt: Int64
    /// Where the user's box was last.
    var place: Int?

    init(_ identity: Identity, until: Int64, endsAt: Int64) {
        user = identity.user
        believedUntil = until
        self.endsAt = endsAt
    }
}
