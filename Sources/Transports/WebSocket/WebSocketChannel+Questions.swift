import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// What a frame asks for that has to be waited for: a page of history, where a subscription stands, a token renewed. One at
/// a time, on an errand, with the answer in its place among the others.
extension WebSocketChannel {
    private static let historyPage = 50
    private static let historyLimit = 200

    func history(
        of conversation: ConversationID, _ page: ClientFrame.HistoryPage, limit: Int?, as user: UserID, _ id: FrameID?
    ) {
        let window: Kernel.MessagePage =
            switch page {
            case .newest: .newest()
            case .before(let seq): .before(seq)
            case .after(let seq): .after(seq)
            }
        let kernel = lane.kernel
        let limit = min(limit ?? Self.historyPage, Self.historyLimit)
        answer(id) { () async throws(ChatError) in
            let (entries, hasMore) = try await kernel.history(
                of: conversation, as: user, window, limit: limit)
            let epoch = try await kernel.head().epoch
            return { Ack.appendHistory(to: id, events: entries, epoch: epoch, more: hasMore, to: &$0) }
        }
    }

    /// Answers a subscription.
    func acknowledge(_ id: FrameID, _ conversation: ConversationID, at position: Seq, _ cursor: Cursor) {
        var payload: [UInt8] = []
        Ack.appendSubscribed(to: id, conversation: conversation, seq: position, cursor: cursor, to: &payload)
        stream.send(FrameWriter.text(payload))
    }

    typealias Writing = @Sendable (inout [UInt8]) -> Void

    /// Sends an errand for something a frame asked for, and its answer, or why there is none.
    func answer(_ id: FrameID?, _ ask: @escaping @Sendable () async throws(ChatError) -> Writing) {
        inquire(ask) { [self] in
            switch $0 {
            case .failure(let error): send(error, id: id)
            case .success(let write):
                var payload: [UInt8] = []
                write(&payload)
                stream.send(FrameWriter.text(payload))
            }
        }
    }

    /// Sends an errand, and goes on with what came of it on the loop. The frames behind have their turn then, and not before. Nothing
    /// comes of it when the connection is closing by then.
    ///
    /// Not weakly, for as long as an answer takes: an object that was once held so costs more each time it is used.
    func inquire<Answer: Sendable>(
        _ ask: @escaping @Sendable () async throws(ChatError) -> Answer,
        then goOn: @escaping @Sendable (Result<Answer, ChatError>) -> Void
    ) {
        let lane = lane
        isAsking = true
        lane.errands.send { [self] in
            let result: Result<Answer, ChatError>
            do throws(ChatError) {
                result = .success(try await ask())
            } catch {
                result = .failure(error)
            }
            lane.loop.post { [self] in
                guard !liveness.isClosing else { return }
                isAsking = false
                goOn(result)
                if leavesWhenAnswered { return leave() }
                if mayRead { stream.resumeReading() }
            }
        }
    }

    /// Renews the token of a connection; only for the same user.
    func authenticate(_ token: String, as user: UserID, _ id: FrameID?) {
        let kernel = lane.kernel
        inquire({ () async throws(ChatError) in
            let identity = try await kernel.identify(.token(token))
            guard identity.user.id == user else {
                throw ChatError(.forbidden, "This token is another user's; nothing has changed.")
            }
            return identity
        }) { [self] in
            switch $0 {
            case .failure(let error): send(error, id: id)
            case .success(let identity):
                renew(identity)
                arm()
                if let id { acknowledge(id) }
            }
        }
    }
}
