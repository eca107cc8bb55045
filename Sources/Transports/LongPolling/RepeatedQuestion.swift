import ChatHTTP1
import ChatKernel

/// The question of nearly all polls: what is behind this cursor, in all conversations? All who wait for the same room ask it in
/// the same words, so what the words mean is kept.
struct RepeatedQuestion {
    let text: String
    let position: Pos
    let limit: Int
    /// In nanoseconds.
    let wait: Int64

    /// Nil for any other question, and for one that will be refused.
    init?(_ text: String, epoch: Epoch, _ settings: LongPollingSettings) {
        guard let query = QueryItems(parsing: text), let cursor = query.first("cursor").flatMap({ Cursor($0) }),
            cursor.epoch == epoch, query.first("conversations") == nil, query.first("token") == nil,
            query.first("ticket") == nil, let (limit, wait) = try? EventRequest.measures(query, settings)
        else { return nil }
        self.text = text
        position = cursor.pos
        self.limit = limit
        self.wait = wait
    }
}
