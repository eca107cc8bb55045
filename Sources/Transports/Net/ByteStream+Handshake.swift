import CLinux

// The TLS handshake, before the stream is open: nobody but its owner knows of it yet.
extension ByteStream {
    /// Begins one. The handler comes when it is over.
    func greet(as role: TLSRole, _ attach: @escaping (ByteStream) -> any StreamHandler) {
        state = .greeting
        guard socket.secure(as: role, TLSSession.Greeting(began: loop.now, attach: attach)) else {
            owner?.handshakeOver(self, failure: .abandoned)
            return end(.failed(ENOMEM))
        }
        isSecure = true
        guard watch() else { return }
        askForTime()
        // The client speaks first, when its connection stands.
        if case .client = role { wish(.write) }
    }

    /// Asks the owner until when it may go on.
    func askForTime() {
        guard let greeting = socket.tls?.greeting else { return }
        let deadline =
            owner.map { $0.handshakeDeadline(of: self, began: greeting.began) } ?? greeting.began &+ Self.handshakeTime
        guard let deadline, deadline > loop.now else {
            handshakeOver(.late)
            return end(.closed)
        }
        loop.setDeadline(of: number, to: deadline)
    }

    /// Without an owner to ask.
    private static let handshakeTime: Int64 = 10_000_000_000

    /// Goes on with it as far as what has come allows.
    func shakeHands() {
        guard let tls = socket.tls, let greeting = tls.greeting, loop.takeHandshakeStep() else { return }
        switch tls.shakeHands() {
        case .wait(let readiness): wish(readiness)
        case .done:
            loop.setDeadline(of: number, to: nil)
            wish(.read)
            state = .open
            handshakeOver(nil)
            receiver = greeting.attach(self)
            if tls.holdsInput { loop.redeliver(self) }
        case .failed(let failure) where tls.peer != nil:
            handshakeOver(failure)
            end(.closed)
        case .failed(let failure):
            // OpenSSL has sent its alert. The rest is plain, and an end in order, so that the peer can read it.
            tls.greeting = nil
            socket.dropTLS()
            isSecure = false
            state = .open
            owner?.handshakeOver(self, failure: failure)
            closeAfterFlush(deadline: loop.now &+ Self.farewellTime)
        }
    }

    /// For the peer to read why it was refused.
    private static let farewellTime: Int64 = 1_000_000_000

    private func handshakeOver(_ failure: TLSFailure?) {
        socket.tls?.greeting = nil
        owner?.handshakeOver(self, failure: failure)
    }
}
