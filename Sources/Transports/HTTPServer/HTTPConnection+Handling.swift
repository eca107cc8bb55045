import ChatHTTP1
import ChatNet

// A request that is whole: who handles it, and what becomes of the answer, whenever it comes.
extension HTTPConnection {
    /// Hands a whole request to whoever it is for.
    func dispatch(_ stream: ByteStream) {
        guard let head = request.head else { return }
        turn += 1
        switch request.match {
        case .notFound:
            answer(server.errorBody(404, nil, "there is nothing here"), stream)
        case .wrongMethod(let allow):
            var response = server.errorBody(405, nil, "not with this method")
            response.fields.append(HTTPField(name: "Allow", value: allow.joined(separator: ", ")))
            answer(response, stream)
        case .options(let allow):
            answer(
                HTTPResponse(
                    status: 204, fields: [HTTPField(name: "Allow", value: allow.joined(separator: ", "))]), stream)
        case .found(let handler, let parameters):
            let whole = HTTPRequest(
                head: head, body: request.takeBody(), parameters: parameters, peerAddress: stream.peerAddress)
            handle(whole, handler, stream)
        }
    }

    private func handle(_ request: HTTPRequest, _ handler: Route.Handler, _ stream: ByteStream) {
        switch handler {
        case .immediate(let respond):
            answer(respond(request), stream)
        case .respond(let respond):
            let exchange = park(stream)
            server.enqueue { exchange.respond(await respond(request)) }
        case .exchange(let accept):
            isDispatching = true
            state = .handling
            accept(request, Exchange(self, turn: turn, on: stream))
            isDispatching = false
            if state == .handling, waiter == nil { stream.deadline = nil }
        case .upgrade where server.origins?.judge(request.head) == .refuse:
            // Before anything is asked of anybody: unlike an answer, what is said there the browser does not hold back.
            answer(server.errorBody(403, "forbidden", "pages of this origin may not connect here"), stream)
        case .upgrade(let decide):
            let exchange = park(stream)
            let loop = stream.loop
            server.enqueue {
                switch await decide(request, loop) {
                case .refuse(let response):
                    exchange.respond(response)
                case .accept(let name, let fields, let attach):
                    _ = exchange.give(.upgrade(to: name, fields: fields, attach: attach))
                }
            }
        }
    }

    /// The request waits for its answer; there is no deadline for us, only for peers.
    private func park(_ stream: ByteStream) -> Exchange {
        state = .handling
        stream.deadline = nil
        return Exchange(self, turn: turn, on: stream)
    }

    /// See `Exchange.wait`.
    func wait(_ turn: UInt64, until deadline: Int64, _ waiter: any ExchangeWaiter, _ stream: ByteStream) {
        guard turn == self.turn, state == .handling else {
            // Answered already, or nobody is there.
            if state == .gone { waiter.waitEnded(.peerLeft) }
            return
        }
        if stream.isInputOver { return waiter.waitEnded(.peerLeft) }
        if isDraining { return waiter.waitEnded(.draining) }
        self.waiter = waiter
        stream.deadline = deadline
    }

    func endWait(_ reason: WaitEnd) { waiter.take()?.waitEnded(reason) }

    /// See `Exchange.respond`.
    func finish(_ turn: UInt64, _ result: Exchange.Answer, _ stream: ByteStream) {
        guard isHandling(turn) else { return }
        waiter = nil
        switch result {
        case .response(let response, let object):
            held = object
            answer(response, stream)
        case .upgrade(let name, let fields, let attach):
            if upgrade(to: name, fields, attach, stream) { return }
        case .stream(let response, let attach):
            if self.stream(response, attach, stream) { return }
        case .none where isDraining: answer(stopping, stream)
        case .none: answer(server.errorBody(500, "internal", "nobody answered"), stream)
        }
        goOn(stream)
    }

    /// The same with an answer that others get too.
    func finish(_ turn: UInt64, _ response: SharedResponse, _ stream: ByteStream) {
        guard isHandling(turn) else { return }
        waiter = nil
        answer(response, stream)
        goOn(stream)
    }

    private func isHandling(_ turn: UInt64) -> Bool { state == .handling && turn == self.turn }

    /// After an answer.
    private func goOn(_ stream: ByteStream) {
        guard !isDispatching else { return }
        flush(stream)
        if state == .reading { proceed(stream) }
    }

    var stopping: HTTPResponse {
        var response = server.errorBody(503, "draining", "the server is stopping")
        response.fields.append(HTTPField(name: "Retry-After", value: "1"))
        return response
    }
}
