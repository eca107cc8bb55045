import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, 5.5.2 and 7.1: pings and the closing handshake")
struct LivenessTests {
    /// Pings after 30 of silence, waits 10 for the answer, and 5 for a close.
    private func connection(at now: Int64 = 0) -> Liveness {
        Liveness(patience: Liveness.Patience(untilPing: 30, forPong: 10, forClose: 5), now: now)
    }

    @Test("silence brings a ping, and more silence the end")
    func silence() {
        var peer = connection(at: 100)
        #expect(peer.deadline == 130)
        #expect(peer.deadlineReached(now: 129) == .nothing)
        #expect(peer.deadlineReached(now: 130) == .sendPing)
        #expect(peer.deadline == 140)
        #expect(peer.deadlineReached(now: 139) == .nothing)
        #expect(peer.deadlineReached(now: 140) == .closeSocket)
        #expect(peer.deadline == nil)
        #expect(peer.deadlineReached(now: 1_000) == .nothing)
    }

    @Test("any byte puts the ping off, and the old timer is harmless")
    func busy() {
        var peer = connection()
        peer.bytesArrived(now: 20)
        #expect(peer.deadlineReached(now: 30) == .nothing)
        #expect(peer.deadline == 50)
        #expect(peer.deadlineReached(now: 50) == .sendPing)
    }

    @Test("any byte answers a ping")
    func answered() {
        var peer = connection()
        #expect(peer.deadlineReached(now: 30) == .sendPing)
        peer.bytesArrived(now: 39)
        #expect(peer.deadlineReached(now: 40) == .nothing)
        #expect(peer.deadline == 69)
        #expect(peer.deadlineReached(now: 69) == .sendPing)
    }

    @Test("who takes nothing of what waits for it is closed, however much it says")
    func talksAndNeverReads() throws {
        var peer = connection()
        for now in stride(from: Int64(1), through: 39, by: 1) {
            peer.bytesArrived(now: now)
            #expect(try #require(peer.deadline(stalledSince: 0)) <= 40)
            #expect(peer.deadlineReached(now: now, stalledSince: 0) == .nothing)
        }
        #expect(peer.deadlineReached(now: 40, stalledSince: 0) == .closeSocket)
        #expect(peer.deadline(stalledSince: 0) == nil)
    }

    @Test("who takes a little of what waits for it lives, though the ping stands behind that")
    func readsSlowly() {
        var peer = connection()
        #expect(peer.deadlineReached(now: 30, stalledSince: 29) == .nothing)
        #expect(peer.deadline(stalledSince: 29) == 59)
        #expect(peer.deadlineReached(now: 59, stalledSince: 58) == .nothing)
        #expect(peer.deadlineReached(now: 88, stalledSince: 58) == .sendPing)
        #expect(peer.deadlineReached(now: 97, stalledSince: 96) == .nothing)
        #expect(peer.deadline(stalledSince: 96) == 126)
    }

    @Test("when it closes, what waits does not put off the end")
    func stalledClose() {
        var peer = connection()
        #expect(peer.beginClosing(now: 7) == true)
        #expect(peer.deadline(stalledSince: 11) == 12)
        #expect(peer.deadlineReached(now: 12, stalledSince: 11) == .closeSocket)
    }

    @Test("a clock that stands or steps back does no harm")
    func clockSteps() {
        var peer = connection(at: 100)
        peer.bytesArrived(now: 90)
        #expect(peer.deadline == 130)
        let late = connection(at: .max - 1)
        #expect(late.deadline == .max)
    }

    @Test("we close first: once, then the peer's close ends it")
    func weClose() {
        var peer = connection()
        #expect(peer.beginClosing(now: 7) == true)
        #expect(peer.isClosing)
        #expect(peer.deadline == 12)
        #expect(peer.beginClosing(now: 8) == false)
        #expect(peer.peerClosed() == .closeSocket)
        #expect(peer.deadline == nil)
    }

    @Test("a peer that goes on talking instead of closing is not waited for")
    func talksOn() {
        var peer = connection()
        #expect(peer.beginClosing(now: 7) == true)
        peer.bytesArrived(now: 11)
        #expect(peer.deadlineReached(now: 12) == .closeSocket)
        #expect(peer.peerClosed() == .closeSocket)
    }

    @Test("the peer closes first: it is answered, once")
    func peerCloses() {
        var peer = connection()
        #expect(peer.peerClosed() == .answerAndClose)
        #expect(peer.isClosing)
        #expect(peer.beginClosing(now: 1) == false)
        #expect(peer.peerClosed() == .closeSocket)
        #expect(peer.deadlineReached(now: 1_000) == .nothing)
    }

    @Test("a close while a ping is out keeps the nearer deadline of the close")
    func closeWhileAsked() {
        var peer = connection()
        #expect(peer.deadlineReached(now: 30) == .sendPing)
        #expect(peer.beginClosing(now: 31) == true)
        #expect(peer.deadline == 36)
        #expect(peer.deadlineReached(now: 36) == .closeSocket)
    }
}
