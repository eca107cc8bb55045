import ChatHTTP1
import ChatKernel

/// The question of nearly all polls: what is behind this cursor, in all conversations? All who wait for the same room ask it in
/// the same words, so what the words mean is kept.
final class RepeatedQuestion {
    let line: RequestLine
    let position: Pos
    let limit: Int
    /// In nanoseconds.
    let wait: Int64

    /// Nil for any other question, and for one that will be refused.
    init?(_ line: RequestLine, epoch: Epoch, _ settings: LongPollingSettings) {
        guard let query = line.query.flatMap({ QueryItems(parsing: $0) }),
            let cursor = query.first("cursor").flatMap({ Cursor($0) }),
            cursor.epoch == epoch, query.first("conversations") == nil, query.first("token") == nil,
            query.first("ticket") == nil, let (limit, wait) = try? EventRequest.measures(query, settings)
        else { return nil }
        self.line = line
        position = cursor.pos
        self.limit = limit
        self.wait = wait
    }
}
