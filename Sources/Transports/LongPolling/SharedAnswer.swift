import ChatHTTPServer
import ChatKernel

/// The answer a poll was given last, and what it holds: whoever waited in the same room is mostly given the same.
final class SharedAnswer {
    private let parcels: [Parcel]
    let response: SharedResponse
    private let count: Int
    /// The whole of it, when it is a single parcel that all its readers are shown in full, and where it begins.
    private let only: Parcel?
    private let firstPos: Pos

    /// - Precondition: each item is a single parcel, and all of it is in the answer.
    init(_ items: ArraySlice<Mailbox.Item>, _ response: SharedResponse) {
        parcels = items.map { $0.parcels[0] }
        count = parcels.reduce(0) { $0 + $1.count }
        self.response = response
        let isOne = parcels.count == 1 && parcels[0].arrivals.isEmpty && parcels[0].departures.isEmpty
        only = isOne ? parcels[0] : nil
        firstPos = parcels.first?.firstPos ?? 0
    }

    /// Whether it is what a reader of all conversations lacks: the quick way, which nearly all of a room take.
    func answers(at place: Int, of mail: MailDesk, after pos: Pos, limit: Int) -> Bool {
        guard let only, pos < firstPos, count <= limit else { return false }
        return mail.holdsOnly(only, at: place, after: pos)
    }

    /// Whether it is these items, all of them whole and as many as may be.
    func answers(
        _ items: ArraySlice<Mailbox.Item>, to user: UserID, after pos: Pos, among conversations: Set<ConversationID>?,
        limit: Int
    ) -> Bool {
        guard items.count == parcels.count, count <= limit else { return false }
        for (at, parcel) in zip(items.indices, parcels) {
            guard items[at].parcels[0] === parcel, items[at].isWhole(for: user, after: pos, among: conversations) else {
                return false
            }
        }
        return true
    }
}
