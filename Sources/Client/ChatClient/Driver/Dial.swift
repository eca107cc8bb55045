import CLinux
import ChatNet

/// Whoever waits for a connection, and then has it.
protocol Dialler: StreamHandler {
    /// There was none to be had, and there will be none: `.unreachable` or `.untrusted`.
    func unreachable(_ failure: ClientFailure)
}

/// Connects to one address of a server after the other, shakes hands if it speaks TLS, says the first words, and hands over whoever answers.
/// An address at which nobody answers has its share of the time, and no more: of a name with an IPv6 address that leads nowhere the other
/// is reached. Lives on its loop, which `@unchecked Sendable` stands on.
final class Dial: StreamHandler, StreamOwner, @unchecked Sendable {
    private let loop: EventLoop
    private let request: [UInt8]
    private let peer: TLSPeer?
    private let dialler: any Dialler
    private let deadline: Int64
    /// By when the connection to this address is to stand.
    private var turnEnds: Int64 = .max
    private var addresses: ArraySlice<PeerAddress> = []
    private var stream: ByteStream?
    private var isOver = false

    private init(
        _ loop: EventLoop, _ request: [UInt8], to peer: TLSPeer?, deadline: Int64, for dialler: any Dialler
    ) {
        self.loop = loop
        self.request = request
        self.peer = peer
        self.deadline = deadline
        self.dialler = dialler
    }

    /// Finds a server's addresses, as `PeerAddress.find` does.
    typealias LookUp = (
        _ host: String, _ port: UInt16, _ answer: @escaping @Sendable (Result<[PeerAddress], LookupError>) -> Void
    ) -> Void

    /// Begins, on the loop. What comes of it is said later.
    ///
    /// - Parameters:
    ///   - trust: whom to believe; nil for a server that speaks no TLS.
    ///   - deadline: when to give up if nothing has been answered by then, in nanoseconds of the loop's clock.
    static func start(
        to server: ServerAddress, trusting trust: TLSTrust?, on loop: EventLoop, saying request: [UInt8],
        deadline: Int64, for dialler: any Dialler, lookUp: LookUp = PeerAddress.find
    ) -> Dial {
        let peer = trust.map { TLSPeer(server.host, trusting: $0) }
        let dial = Dial(loop, request, to: peer, deadline: deadline, for: dialler)
        // The look-up has no bound of its own.
        loop.schedule(after: deadline &- loop.now) { [weak dial] in
            guard let dial, dial.stream == nil else { return }
            dial.fail(tooLong)
        }
        lookUp(server.host, server.port) { result in
            let isKnown = loop.post {
                switch result {
                case .failure(let error): dial.fail(error.description)
                case .success(let addresses):
                    dial.addresses = addresses[...]
                    dial.next("\(server.host) has no address")
                }
            }
            // The loop is no more, so nobody else is there to say it.
            if !isKnown { dial.fail("the client has stopped") }
        }
        return dial
    }

    /// Ends it, whatever has become of it; nothing further is said to whoever dialled but the end of a stream it may have.
    func cancel() {
        isOver = true
        stream?.close()
        stream = nil
    }

    private static let tooLong = "it took too long"

    private func fail(_ detail: String) { fail(.unreachable(detail)) }

    private func fail(_ failure: ClientFailure) {
        guard !isOver else { return }
        isOver = true
        stream = nil
        dialler.unreachable(failure)
    }

    private func next(_ detail: String) {
        guard !isOver else { return }
        stream = nil
        let left = Int64(addresses.count)
        guard loop.now < deadline, let address = addresses.popFirst() else { return fail(detail) }
        turnEnds = loop.now &+ (deadline &- loop.now) / left
        do throws(SystemError) {
            try loop.connect(to: address, owner: peer == nil ? nil : self, expecting: peer) { [self] in begin(on: $0) }
        } catch {
            next(error.description)
        }
    }

    private func begin(on stream: ByteStream) -> any StreamHandler {
        guard !isOver else {
            stream.close()
            return self
        }
        self.stream = stream
        // Without TLS this is before the connection stands.
        stream.deadline = peer == nil ? turnEnds : deadline
        stream.send(request)
        return self
    }

    // MARK: The handshake

    func handshakeDeadline(of stream: ByteStream, began: Int64) -> Int64? {
        guard !isOver else { return nil }
        self.stream = stream
        return turnEnds
    }

    func handshakeOver(_ stream: ByteStream, failure: TLSFailure?) {
        guard let failure, !isOver else { return }
        self.stream = nil
        switch failure {
        case .untrusted(let detail): fail(.untrusted(detail))
        // Nothing has been said to anybody.
        case .late: next(Self.tooLong)
        case .failed, .peerLeft: next("\(failure)")
        case .refused(let reason): fail("TLS: \(reason)")
        case .plainHTTP, .abandoned: fail("the connection was closed")
        }
    }

    func ended(_ stream: ByteStream) {}

    // MARK: Until somebody answers

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
        if !isOver { stream.handler = dialler }
        return 0
    }

    func inputEnded(_ stream: ByteStream) {
        guard !isOver else { return stream.close() }
        stream.handler = dialler
        dialler.inputEnded(stream)
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        guard !isOver else { return stream.close() }
        // As long as nobody is there, nothing of what is to be said goes out.
        guard stream.queuedBytes < request.count else {
            stream.close()
            return next(Self.tooLong)
        }
        guard now >= deadline else {
            stream.deadline = deadline
            return
        }
        stream.close()
        // A peer that has taken our words and is mute: whoever waits for it may think its own of that.
        stream.handler = dialler
        dialler.deadlineReached(stream, now: now)
    }

    func ended(_ stream: ByteStream, reason: EndReason) {
        // One that was passed over is no news.
        guard !isOver, stream === self.stream else { return }
        self.stream = nil
        switch reason {
        case .failed(let code) where code == ECONNREFUSED || code == ENETUNREACH || code == EHOSTUNREACH:
            // Nothing has been said to anybody.
            next(SystemError.text(of: code))
        case .failed(let code): fail(SystemError.text(of: code))
        default: fail("the connection was closed")
        }
    }
}
