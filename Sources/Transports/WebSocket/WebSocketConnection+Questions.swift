import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// What a frame asks for that has to be waited for: a page of history, where a subscription stands, a token renewed. One at
/// a time, on an errand, with the answer in its place among the others.
extension WebSocketConnection {
    static let historyPage = 50
    static let historyLimit = 200

    func history(_ page: ClientFrame.HistoryPage, limit: Int, _ id: FrameID) {
        let window: Kernel.MessagePage =
            switch page {
            case .newest: .newest()
            case .before(let seq): .before(seq)
            case .after(let seq): .after(seq)
            }
        let (kernel, user, conversation) = (lane.kernel, session.user.id, conversation)
        answer(id) { () async throws(ChatError) in
            let (entries, hasMore) = try await kernel.history(
                of: conversation, as: user, window, limit: limit)
            let epoch = try await kernel.head().epoch
            return { Ack.appendHistory(to: id, events: entries, epoch: epoch, more: hasMore, to: &$0) }
        }
    }

    /// To subscribe to what one is subscribed to is harmless, and says where one stands.
    func subscribed(_ id: FrameID) {
        let (kernel, conversation, position) = (lane.kernel, conversation, feed.position)
        answer(id) { () async throws(ChatError) in
            let cursor = try await kernel.head()
            return {
                Ack.appendSubscribed(to: id, conversation: conversation, seq: position, cursor: cursor, to: &$0)
            }
        }
    }

    private typealias Writing = @Sendable (inout [UInt8]) -> Void

    /// Sends an errand for something a frame asked for, and its answer when there is one.
    private func answer(_ id: FrameID, _ ask: @escaping @Sendable () async throws(ChatError) -> Writing) {
        let lane = lane
        isAsking = true
        lane.errands.send { [weak self] in
            var payload: [UInt8] = []
            do throws(ChatError) {
                try await ask()(&payload)
            } catch {
                payload = []
                V1.append(error, id: id, to: &payload)
            }
            let frame = FrameWriter.text(payload)
            lane.loop.post { [weak self] in
                guard let self, !self.liveness.isClosing else { return }
                self.stream.send(frame)
                self.answered()
            }
        }
    }

    /// The frames behind a question have their turn.
    private func answered() {
        isAsking = false
        if mayRead { stream.resumeReading() }
    }

    // MARK: Renewing

    func authenticate(_ token: String, _ id: FrameID) {
        let (lane, user) = (lane, session.user.id)
        isAsking = true
        lane.errands.send { [weak self] in
            let result: Result<Identity, ChatError>
            do throws(ChatError) {
                let identity = try await lane.kernel.identify(.token(token))
                guard identity.user.id == user else {
                    throw ChatError(.forbidden, "This token is another user's; nothing has changed.")
                }
                result = .success(identity)
            } catch {
                result = .failure(error)
            }
            lane.loop.post { [weak self] in self?.renewed(result, id) }
        }
    }

    private func renewed(_ result: Result<Identity, ChatError>, _ id: FrameID) {
        guard !liveness.isClosing else { return }
        switch result {
        case .failure(let error): send(error, id: id)
        case .success(let identity):
            renew(identity)
            arm()
            acknowledge(id)
        }
        answered()
    }
}
