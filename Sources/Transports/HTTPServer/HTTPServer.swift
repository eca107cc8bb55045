public import ChatHTTP1
public import ChatNet
import Synchronization

/// An HTTP/1.1 server over a list of routes, at one address or several: what the HTTP transports share.
///
/// `bind()` tells the ports, `run()` serves until it is cancelled or `drain()` is called. Then it accepts no more, closes idle
/// connections, lets requests under way have their answers, tells upgraded connections to leave (`StreamHandler.drain`), closes
/// what remains after `limits.drainTimeout`, and returns with its threads gone.
///
/// Cancelling `run()` also cancels the tasks of handlers, as structured concurrency has it; `drain()` lets them finish
/// and cancels them only when all connections are gone.
public final class HTTPServer: Sendable {
    /// Makes the answer for what the server itself must refuse: status, a code word of the product or nil, a sentence.
    public typealias ErrorBody = @Sendable (_ status: Int, _ code: String?, _ detail: String) -> HTTPResponse

    /// The loops connections live on.
    public let loops: EventLoopGroup
    /// What has been done so far.
    public let counters = HTTPCounters()

    let limits: HTTPServerLimits
    /// `limits.idleTimeout` in nanoseconds: it is needed after each answer.
    let idleTime: Int64
    let router: Router
    let errorBody: ErrorBody
    let log: @Sendable (HTTPServerEvent) -> Void
    /// Whether ``HTTPServerEvent/answered(method:path:status:nanoseconds:peer:)`` is told.
    let tellsAnswers: Bool

    /// Where it listens.
    public let points: [ListenPoint]
    let origins: OriginPolicy?
    private let fixedFields: [HTTPField]
    private let secureFields: [HTTPField]
    private let dates: [DateClock]
    private let lastLines: [LastLine]
    let door: Mutex<Door>
    /// One for each point, once bound.
    let listeners = Mutex<[Listener]>([])
    private let hasRun = Atomic(false)
    private let quiet = Latch()
    private let jobs: AsyncStream<Job>
    private let jobQueue: AsyncStream<Job>.Continuation

    typealias Job = @Sendable () async -> Void

    struct Door {
        var book: ConnectionBook
        var handshakes: HandshakeBook
        var isDraining = false
        var isAccepting = true
        var isQuiet: Bool { isDraining && !isAccepting && book.isEmpty }
    }

    /// - Parameters:
    ///   - points: where to listen.
    ///   - loops: made with the default count when nil. The server starts and ends them, so they can serve only one.
    ///   - fixedFields: added to each answer that has no field of that name.
    ///   - secureFields: the same, for answers over TLS only.
    ///   - origins: which pages may read answers and open upgraded connections. Nil says nothing to browsers, and upgrades
    ///     whoever asks.
    ///   - errorBody: see `ErrorBody`; the server adds `Allow`, `Retry-After` and the like.
    ///   - tellsAnswers: whether `log` is told of each answer, which costs something where there are many.
    ///   - log: called on loops, so it must not block.
    /// - Throws: `RouteConflict`, or `SystemError` when there are no descriptors left.
    public init(
        points: [ListenPoint], loops: EventLoopGroup? = nil, limits: HTTPServerLimits = HTTPServerLimits(),
        fixedFields: [HTTPField] = [HTTPField(name: "X-Content-Type-Options", value: "nosniff")],
        secureFields: [HTTPField] = [], origins: OriginPolicy? = nil, routes: [Route],
        errorBody: @escaping ErrorBody = { status, _, detail in
            HTTPResponse(
                status: status, fields: [HTTPField(name: "Content-Type", value: "text/plain; charset=utf-8")],
                body: Array(detail.utf8))
        },
        tellsAnswers: Bool = true, log: @escaping @Sendable (HTTPServerEvent) -> Void = { _ in }
    ) throws {
        self.points = points
        self.limits = limits
        idleTime = limits.idleTimeout.nanoseconds
        self.origins = origins
        self.fixedFields = fixedFields
        self.secureFields = secureFields
        self.errorBody = errorBody
        self.tellsAnswers = tellsAnswers
        self.log = log
        router = try Router(routes)
        self.loops = try loops ?? EventLoopGroup()
        dates = self.loops.loops.map { _ in DateClock() }
        lastLines = self.loops.loops.map { _ in LastLine() }
        door = Mutex(
            Door(
                book: ConnectionBook(
                    limit: limits.connections, perAddress: limits.connectionsPerAddress,
                    refusals: limits.refusalsUnderWay),
                handshakes: HandshakeBook(limit: limits.handshakes)))
        // As many at most as there are connections: each has one request under way.
        (jobs, jobQueue) = AsyncStream.makeStream()
    }

    // MARK: Life

    /// Binds the addresses, once; connections wait in the backlog until `run()`.
    ///
    /// - Returns: the addresses in the order of the points, with their real ports.
    /// - Throws: for the first that cannot be; none is bound then.
    @discardableResult
    public func bind() throws(ListenError) -> [ListenAddress] {
        try listeners.withLock { listeners throws(ListenError) in
            if listeners.isEmpty {
                var bound: [Listener] = []
                for point in points { bound.append(try Listener(ListenAddress(point.address))) }
                listeners = bound
            }
            return listeners.map(\.address)
        }
    }

    /// Serves until cancelled or drained, as the type's description says. To be called once.
    ///
    /// - Throws: `ListenError` or `SystemError` before anything was served, nothing later.
    public func run() async throws {
        precondition(!hasRun.exchange(true, ordering: .relaxed), "a server runs once")
        for (address, point) in zip(try bind(), points) { log(.listening(address, secure: point.tls != nil)) }
        try loops.start()
        loops.loops[0].post { self.accept() }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                // Ends when all is quiet, or at once when cancelled; jobs that come later are let go, which answers them.
                for await job in jobs { group.addTask { await job() } }
                await quiet.wait()
                group.cancelAll()
            }
        } onCancel: {
            drain()
        }
        loops.stop()
        await loops.ended()
    }

    /// Begins to stop, from any thread. `run()` returns when it is done.
    public func drain() {
        let first = door.withLock { door in
            defer { door.isDraining = true }
            return !door.isDraining
        }
        guard first else { return }
        log(.draining)
        let deadline = SystemTime.monotonicNanoseconds() + limits.drainTimeout.nanoseconds
        loops.loops[0].post {
            for listener in self.listeners.withLock({ $0 }) { listener.stop() }
            self.door.withLock { $0.isAccepting = false }
            self.openLatchIfQuiet()
        }
        for loop in loops.loops {
            loop.post { self.drainStreams(of: loop, deadline: deadline) }
        }
    }

    private func drainStreams(of loop: EventLoop, deadline: Int64) {
        for stream in loop.streams() where stream.owner === self {
            // One without a handler is in its handshake, or being told why that failed.
            if let handler = stream.handler { handler.drain(stream, deadline: deadline) } else { stream.close() }
        }
        loop.schedule(after: deadline - loop.now) {
            for stream in loop.streams() where stream.owner === self { stream.close() }
        }
    }

    func openLatchIfQuiet() {
        guard door.withLock({ $0.isQuiet }) else { return }
        jobQueue.finish()
        quiet.open()
    }

    // MARK: Connections

    private func accept() {
        let loop = loops.loops[0]
        do {
            for (listener, point) in zip(listeners.withLock { $0 }, points) {
                try listener.start(
                    on: loop,
                    troubled: { [log] code in log(.acceptTrouble(SystemError(call: "accept4", code: code))) },
                    accepted: { descriptor, peer in self.welcome(descriptor, peer, tls: point.tls) })
            }
        } catch {
            log(.acceptTrouble(error))
            drain()
        }
    }

    private func welcome(_ descriptor: consuming Descriptor, _ peer: String, tls: TLSContext?) {
        // Words over TLS cost a handshake, which is what a server with too many connections has no time for.
        let verdict = door.withLock { $0.book.arrive(from: peer, canBeTold: tls == nil) }
        counters.countArrival(verdict)
        switch verdict {
        case .welcome:
            if tls != nil { handshakeBegins() }
            loops.next().adopt(descriptor, peer: peer, owner: self, tls: tls) { stream in
                HTTPConnection(self, on: stream, draining: self.door.withLock { $0.isDraining })
            }
        case .refuse(let limit):
            log(.refused(peer: peer))
            loops.loops[0].adopt(descriptor, peer: peer) { stream in
                HTTPRefusal(self, on: stream, because: limit) { [self] in
                    door.withLock { $0.book.refusalEnded() }
                    openLatchIfQuiet()
                }
            }
        case .drop:
            log(.refused(peer: peer))
        }
    }

    // MARK: For connections

    func enqueue(_ job: @escaping Job) {
        // A queue that has ended lets go of the job, and that answers its exchange.
        jobQueue.yield(job)
    }

    func serialize(
        _ response: HTTPResponse, to head: RequestHead?, keepAlive: Bool, isStreamed: Bool = false,
        on stream: ByteStream
    ) -> [UInt8] {
        var response = response
        if let origins { response.fields += origins.fields(for: response, to: head) }
        for field in fixedFields where response.fields.first(field.name) == nil { response.fields.append(field) }
        if stream.isSecure {
            for field in secureFields where response.fields.first(field.name) == nil { response.fields.append(field) }
        }
        let date = dates[stream.loop.index].text(now: stream.loop.now)
        return ResponseWriter.serialize(
            response, to: head, keepAlive: keepAlive, isStreamed: isStreamed, date: date)
    }

    /// What the connections of a loop share.
    func lastLine(on loop: EventLoop) -> LastLine { lastLines[loop.index] }

    func clock(on loop: EventLoop) -> DateClock { dates[loop.index] }
}
