public import ChatHTTP1
public import ChatNet
import Synchronization

/// An HTTP/1.1 server over a list of routes: what the HTTP transports share.
///
/// `bind()` tells the port, `run()` serves until it is cancelled or `drain()` is called. Then it accepts no more, closes idle
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
    let router: Router
    let errorBody: ErrorBody
    let log: @Sendable (HTTPServerEvent) -> Void

    private let listen: String
    let origins: OriginPolicy?
    private let fixedFields: [HTTPField]
    private let dates: [DateClock]
    private let door: Mutex<Door>
    private let listener = Mutex<Listener?>(nil)
    private let hasRun = Atomic(false)
    private let quiet = Latch()
    private let jobs: AsyncStream<Job>
    private let jobQueue: AsyncStream<Job>.Continuation

    typealias Job = @Sendable () async -> Void

    private struct Door {
        var book: ConnectionBook
        var isDraining = false
        var isAccepting = true
        var isQuiet: Bool { isDraining && !isAccepting && book.isEmpty }
    }

    /// - Parameters:
    ///   - listen: see `ListenAddress`.
    ///   - loops: made with the default count when nil. The server starts and ends them, so they can serve only one.
    ///   - fixedFields: added to each answer that has no field of that name.
    ///   - origins: which pages may read answers and open upgraded connections. Nil says nothing to browsers, and upgrades
    ///     whoever asks.
    ///   - errorBody: see `ErrorBody`; the server adds `Allow`, `Retry-After` and the like.
    ///   - log: called on loops, so it must not block.
    /// - Throws: `RouteConflict`, or `SystemError` when there are no descriptors left.
    public init(
        listen: String, loops: EventLoopGroup? = nil, limits: HTTPServerLimits = HTTPServerLimits(),
        fixedFields: [HTTPField] = [HTTPField(name: "X-Content-Type-Options", value: "nosniff")],
        origins: OriginPolicy? = nil,
        routes: [Route],
        errorBody: @escaping ErrorBody = { status, _, detail in
            HTTPResponse(
                status: status, fields: [HTTPField(name: "Content-Type", value: "text/plain; charset=utf-8")],
                body: Array(detail.utf8))
        },
        log: @escaping @Sendable (HTTPServerEvent) -> Void = { _ in }
    ) throws {
        self.listen = listen
        self.limits = limits
        self.origins = origins
        self.fixedFields = fixedFields
        self.errorBody = errorBody
        self.log = log
        router = try Router(routes)
        self.loops = try loops ?? EventLoopGroup()
        dates = self.loops.loops.map { _ in DateClock() }
        door = Mutex(
            Door(
                book: ConnectionBook(
                    limit: limits.connections, perAddress: limits.connectionsPerAddress,
                    refusals: limits.refusalsUnderWay)))
        // As many at most as there are connections: each has one request under way.
        (jobs, jobQueue) = AsyncStream.makeStream()
    }

    // MARK: Life

    /// Binds the address, once; connections wait in the backlog until `run()`.
    ///
    /// - Returns: the address with its real port.
    @discardableResult
    public func bind() throws(ListenError) -> ListenAddress {
        let wanted = try ListenAddress(listen)
        return try listener.withLock { listener throws(ListenError) in
            if let bound = listener { return bound.address }
            let bound = try Listener(wanted)
            listener = bound
            return bound.address
        }
    }

    /// Serves until cancelled or drained, as the type's description says. To be called once.
    ///
    /// - Throws: `ListenError` or `SystemError` before anything was served, nothing later.
    public func run() async throws {
        precondition(!hasRun.exchange(true, ordering: .relaxed), "a server runs once")
        log(.listening(try bind()))
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
            self.listener.withLock { $0 }?.stop()
            self.door.withLock { $0.isAccepting = false }
            self.openLatchIfQuiet()
        }
        for loop in loops.loops {
            loop.post { self.drainStreams(of: loop, deadline: deadline) }
        }
    }

    private func drainStreams(of loop: EventLoop, deadline: Int64) {
        for stream in loop.streams() where stream.owner === self {
            stream.handler?.drain(stream, deadline: deadline)
        }
        loop.schedule(after: deadline - loop.now) {
            for stream in loop.streams() where stream.owner === self { stream.close() }
        }
    }

    private func openLatchIfQuiet() {
        guard door.withLock({ $0.isQuiet }) else { return }
        jobQueue.finish()
        quiet.open()
    }

    // MARK: Connections

    private func accept() {
        let loop = loops.loops[0]
        guard let listener = listener.withLock({ $0 }) else { return }
        do {
            try listener.start(
                on: loop,
                troubled: { [log] code in log(.acceptTrouble(SystemError(call: "accept4", code: code))) },
                accepted: { descriptor, peer in self.welcome(descriptor, peer) })
        } catch {
            log(.acceptTrouble(error))
            drain()
        }
    }

    private func welcome(_ descriptor: consuming Descriptor, _ peer: String) {
        let verdict = door.withLock { $0.book.arrive(from: peer) }
        counters.countArrival(verdict)
        switch verdict {
        case .welcome:
            loops.next().adopt(descriptor, peer: peer) { stream in
                stream.owner = self
                return HTTPConnection(self, on: stream, draining: self.door.withLock { $0.isDraining })
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

    func serialize(_ response: HTTPResponse, to head: RequestHead?, keepAlive: Bool, on loop: EventLoop) -> [UInt8] {
        var response = response
        if let origins { response.fields += origins.fields(for: response, to: head) }
        for field in fixedFields where response.fields.first(field.name) == nil { response.fields.append(field) }
        return ResponseWriter.serialize(response, to: head, keepAlive: keepAlive, date: dates[loop.index].now())
    }
}

extension HTTPServer: StreamOwner {
    /// Called by its streams.
    public func ended(_ stream: ByteStream) {
        counters.countDeparture()
        door.withLock { $0.book.leave(from: stream.peerAddress) }
        openLatchIfQuiet()
    }
}
