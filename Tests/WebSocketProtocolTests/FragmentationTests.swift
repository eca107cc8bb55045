import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, 5.4: fragments")
struct FragmentationTests {
    @Test("fragments make one message")
    func joined() {
        expect(text("Hel", final: false) + last("lo"), gives: [.text("Hello")])
        expect(
            binary([1], final: false) + more([2, 3]) + more([UInt8]()) + last([4]), gives: [.binary([1, 2, 3, 4])])
    }

    @Test("fragments may be empty, all of them as well")
    func empty() {
        expect(text("", final: false) + more("") + last(""), gives: [.text("")])
        expect(binary([], final: false) + last([7]), gives: [.binary([7])])
    }

    @Test("control frames between the fragments are given at once")
    func controlBetween() {
        expect(
            text("a", final: false) + ping("1") + more("b") + pong("2") + ping("3") + last("c") + text("d"),
            gives: [.ping("1"), .pong("2"), .ping("3"), .text("abc"), .text("d")])
    }

    @Test("a close between the fragments ends it, without the message")
    func closeBetween() {
        expect(text("a", final: false) + close(1001) + last("b"), gives: [.close(1001, "")])
    }

    @Test("long and short fragments, alternating")
    func lengths() {
        let pieces = [70_000, 1, 5_000, 0, 126, 65_536].map { [UInt8](repeating: 0x61, count: $0) }
        var input = binary(pieces[0], final: false)
        for piece in pieces.dropFirst().dropLast() { input += more(piece) }
        input += last(pieces[5])
        expect(input, gives: [.binary(pieces.flatMap(\.self))])
    }

    @Test("a continuation needs a beginning", arguments: [true, false])
    func nothingToContinue(final: Bool) {
        expect(more("a", final: final), gives: [.violation(.unexpectedContinuation)])
        expect(text("a") + more("b", final: final), gives: [.text("a"), .violation(.unexpectedContinuation)])
        expect(
            text("a", final: false) + last("b") + more("c", final: final),
            gives: [.text("ab"), .violation(.unexpectedContinuation)])
    }

    @Test("a message ends before the next begins", arguments: [1, 2] as [UInt8], [true, false])
    func interrupted(opcode: UInt8, final: Bool) {
        expect(
            text("a", final: false) + ping() + frame(opcode, [0x62], final: final),
            gives: [.ping(""), .violation(.interruptedMessage)])
    }

    @Test("a flood of empty fragments ends at the limit and holds nothing")
    func flood() {
        var connection = Connection(WebSocketLimits(fragments: 1_000))
        #expect(connection.receive(text("", final: false)) == [])
        let empty = more("")
        for _ in 0..<999 { #expect(connection.receive(empty) == []) }
        #expect(connection.machine.message.capacity == 0)
        #expect(connection.receive(empty) == [.violation(.tooManyFragments)])
        #expect(PeerViolation.tooManyFragments.closeCode == .policyViolation)
    }

    @Test("as many fragments as the limit says are a message, and the next starts to count anew")
    func fragmentLimit() {
        let message = text("a", final: false) + more("b") + last("c")
        expect(message + message, gives: [.text("abc"), .text("abc")], limits: WebSocketLimits(fragments: 3))
        expect(message, gives: [.violation(.tooManyFragments)], limits: WebSocketLimits(fragments: 2))
    }

    @Test("a message that is not taken is gone when the next begins")
    func untaken() {
        var connection = Connection()
        connection.buffer = text("old", final: false) + last("er") + text("a", final: false) + last("b")
        var at = 0
        #expect(connection.next(from: &at) == .assembled(isText: true))
        #expect(connection.next(from: &at) == .assembled(isText: true))
        #expect(connection.machine.takeMessage() == Array("ab".utf8))
        #expect(connection.machine.message == [])
    }
}
