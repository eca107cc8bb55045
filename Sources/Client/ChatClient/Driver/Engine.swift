import ChatHTTP1
import ChatKernel
import ChatNet
import ChatWebSocketProtocol

/// Does what the ``ClientMachine`` decides: owns the sockets, the timer and the events. Lives on the client's loop, which
/// `@unchecked Sendable` stands on.
final class Engine: @unchecked Sendable {
    /// What only the app's task can do.
    enum Request: Sendable {
        case token
        case end(ClientFailure)
    }

    private let server: ServerAddress
    private let trust: TLSTrust?
    private let settings: ClientSettings
    private let loop: EventLoop
    private let events: EventQueue
    private let desk: OutboxDesk
    private let ask: @Sendable (Request) -> Void
    private var machine: ClientMachine
    private var sockets: [Int: (dial: Dial, call: SocketCall)] = [:]
    private var calls: [Int: Dial] = [:]
    private var timer: (timer: LoopTimer, due: Int64)?
    private var isFull = false

    init(
        _ server: ServerAddress, trusting trust: TLSTrust?, _ settings: ClientSettings, cursor: String?,
        on loop: EventLoop, events: EventQueue, desk: OutboxDesk, ask: @escaping @Sendable (Request) -> Void
    ) {
        self.server = server
        self.trust = trust
        self.settings = settings
        self.loop = loop
        self.events = events
        self.desk = desk
        self.ask = ask
        machine = ClientMachine(settings, cursor: cursor, seed: .random(in: .min ... .max))
    }

    func begin() {
        events.onRoom { [weak self, loop] in loop.post { [weak self] in self?.take(.time) } }
        take(.begin)
    }

    /// Says goodbye where there is somebody to say it to.
    func stop() {
        for (_, socket) in sockets {
            socket.call.close()
            if !socket.call.isOpen { socket.dial.cancel() }
        }
        for (_, dial) in calls { dial.cancel() }
        sockets = [:]
        calls = [:]
    }

    func take(_ input: ClientMachine.Input) {
        perform(machine.take(input, now: loop.now))
        regardRoom()
        arm()
    }

    /// Stops reading when the app does not keep up, and goes on when it does.
    private func regardRoom() {
        while isFull ? events.awaitRoom() : events.isFull {
            isFull.toggle()
            for (_, socket) in sockets { isFull ? socket.call.pause() : socket.call.resume() }
            perform(machine.take(.room(!isFull), now: loop.now))
        }
    }

    private func arm() {
        let due = machine.deadline
        guard due != timer?.due else { return }
        if let timer { loop.cancel(timer.timer) }
        timer = due.map { due in
            let wait = due <= loop.now ? 0 : due &- loop.now
            return (
                loop.schedule(after: wait) { [weak self] in
                    self?.timer = nil
                    self?.take(.time)
                }, due
            )
        }
    }

    private func perform(_ actions: [ClientMachine.Action]) {
        for action in actions {
            switch action {
            case .askForToken: ask(.token)
            case .end(let failure):
                stop()
                ask(.end(failure))
            case .open(let number, let token): open(number, token)
            case .close(let number):
                guard let socket = sockets.removeValue(forKey: number) else { break }
                socket.call.close()
                if !socket.call.isOpen { socket.dial.cancel() }
            case .send(let number, let line): sockets[number]?.call.send(line.json)
            case .poll(let number, let cursor, let seconds, let token): poll(number, cursor, seconds, token)
            case .cancel(let number): calls.removeValue(forKey: number)?.cancel()
            case .post(let number, let item, let token): post(number, item, token)
            case .page(let number, let conversation, let after, let token): page(number, conversation, after, token)
            case .tell(let event, let cursor): events.push(event, cursor: cursor)
            case .forget(let item): desk.remove(item)
            }
        }
    }

    private var patience: Int64 { ClientMachine.nanoseconds(settings.patience) }

    // MARK: WebSocket

    private func open(_ number: Int, _ token: String) {
        let handshake = ClientHandshake(
            nonce: (0..<16).map { _ in UInt8.random(in: .min ... .max) }, subprotocol: "chat.v2")
        let fields = handshake.fields.map { HTTPField(name: $0.name, value: $0.value) } + [HTTPRequest.bearer(token)]
        guard
            let request = RequestWriter.serialize(
                method: "GET", target: server.prefix + "/api/chat/ws", host: server.authority, fields: fields,
                upgrade: "websocket")
        else { return later(.notUpgraded(number, Self.unsayable)) }
        let call = SocketCall(
            handshake,
            patience: Liveness.Patience(
                untilPing: ClientMachine.nanoseconds(settings.heartbeat), forPong: patience, forClose: 1_000_000_000),
            now: loop.now
        ) { [weak self] in self?.hear($0, from: number) }
        let dial = Dial.start(
            to: server, trusting: trust, on: loop, saying: request, deadline: loop.now + patience, for: call)
        sockets[number] = (dial, call)
    }

    private func hear(_ news: SocketCall.News, from number: Int) {
        switch news {
        case .opened: take(.opened(number))
        case .text(let bytes):
            do throws(ChatError) {
                take(.frame(number, try ServerFrame(bytes)))
            } catch {
                // To pass over what is not understood would be to lose it.
                sockets.removeValue(forKey: number)?.call.close()
                take(.closed(number, code: CloseCode.unsupportedData.rawValue))
            }
        case .notUpgraded(let answer):
            sockets[number] = nil
            take(.notUpgraded(number, answer.refusal))
        case .unreachable(let failure):
            sockets[number] = nil
            regard(failure)
            take(.unreachable(number))
        case .closed(let code):
            sockets[number] = nil
            take(.closed(number, code: code))
        }
    }

    /// A server that cannot be reached is tried again; of one that cannot be believed the app is to know.
    private func regard(_ failure: ClientFailure) {
        if case .untrusted(let detail) = failure { take(.distrusted(detail)) }
    }

    // MARK: HTTP

    private func poll(_ number: Int, _ cursor: String?, _ seconds: Int, _ token: String) {
        var target = server.prefix + "/api/chat/events"
        if let cursor { target += "?wait=\(seconds)&cursor=\(PercentCoding.encode(cursor))" }
        guard let request = HTTPRequest("GET", target, token: token).bytes(to: server) else {
            return later(.pollRefused(number, Self.unsayable))
        }
        call(number, request, patience + ClientMachine.nanoseconds(seconds * 1000)) { [weak self] result in
            switch result {
            case .failure(let failure):
                self?.regard(failure)
                self?.take(.pollFailed(number))
            case .success(let answer) where answer.isFine:
                do throws(ChatError) {
                    self?.take(.polled(number, try PollAnswer(answer.body)))
                } catch {
                    self?.take(.pollFailed(number))
                }
            case .success(let answer): self?.take(.pollRefused(number, answer.refusal))
            }
        }
    }

    private func post(_ number: Int, _ item: OutboxItem, _ token: String) {
        guard let request = HTTPRequest.post(item, token: token, prefix: server.prefix).bytes(to: server) else {
            return later(.postRefused(number, Self.unsayable))
        }
        call(number, request, patience) { [weak self] result in
            switch result {
            case .failure(let failure):
                self?.regard(failure)
                self?.take(.postFailed(number))
            case .success(let answer) where answer.isFine:
                if let receipt = Receipt(answer) {
                    self?.take(.posted(number, receipt))
                } else {
                    self?.take(.postFailed(number))
                }
            case .success(let answer): self?.take(.postRefused(number, answer.refusal))
            }
        }
    }

    private func page(_ number: Int, _ conversation: ConversationID, _ after: Seq, _ token: String) {
        let request = HTTPRequest.messages(of: conversation, after: after, token: token, prefix: server.prefix)
        guard let bytes = request.bytes(to: server) else { return later(.pageRefused(number, Self.unsayable)) }
        call(number, bytes, patience) { [weak self] result in
            switch result {
            case .failure(let failure):
                self?.regard(failure)
                self?.take(.pageFailed(number))
            case .success(let answer) where answer.isFine:
                if let (page, isAll) = answer.messagesAsEvents {
                    self?.take(.paged(number, page, isAll: isAll))
                } else {
                    self?.take(.pageFailed(number))
                }
            case .success(let answer): self?.take(.pageRefused(number, answer.refusal))
            }
        }
    }

    private func call(
        _ number: Int, _ request: [UInt8], _ patience: Int64,
        _ completion: @escaping (Result<HTTPAnswer, ClientFailure>) -> Void
    ) {
        let call = HTTPCall(patience: self.patience) { [weak self] result in
            // One that was cancelled is not heard.
            guard self?.calls.removeValue(forKey: number) != nil else { return }
            completion(result)
        }
        calls[number] = Dial.start(
            to: server, trusting: trust, on: loop, saying: request, deadline: loop.now + patience, for: call)
    }

    /// A token that cannot stand in a field is one that no server takes.
    private static let unsayable = ClientMachine.Refusal(
        status: 401, error: ChatError(.tokenInvalid, "The token holds what a token cannot."))

    private func later(_ input: ClientMachine.Input) { loop.post { [weak self] in self?.take(input) } }
}
