import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, 10.4: limits")
struct LimitTests {
    @Test(
        "as much as the limit passes, one more is refused from its header", arguments: [0, 1, 125, 126, 65_535, 65_536])
    func messageLimit(limit: Int) {
        let limits = WebSocketLimits(messageBytes: limit)
        let bytes = [UInt8](repeating: 9, count: limit)
        expect(binary(bytes), gives: [.binary(bytes)], limits: limits)
        expect(head(2, announcing: UInt64(limit) + 1), gives: [.violation(.messageTooBig)], limits: limits)
        #expect(PeerViolation.messageTooBig.closeCode == .messageTooBig)
    }

    @Test("the limit is over all fragments, and is seen from the header of the one that passes it")
    func fragmentsTogether() {
        let limits = WebSocketLimits(messageBytes: 10)
        expect(text("12345", final: false) + last("67890"), gives: [.text("1234567890")], limits: limits)
        let tooMuch = text("12345", final: false) + more("678") + head(0, announcing: 3)
        expect(tooMuch, gives: [.violation(.messageTooBig)], limits: limits)
    }

    @Test("the next message has the whole limit again, whether the last was taken or not")
    func limitPerMessage() {
        let limits = WebSocketLimits(messageBytes: 4)
        let message = text("12", final: false) + last("34")
        expect(message + message + text("5678"), gives: [.text("1234"), .text("1234"), .text("5678")], limits: limits)
        var connection = Connection(limits)
        connection.buffer = message + text("5678")
        var at = 0
        #expect(connection.next(from: &at) == .assembled(isText: true))
        #expect(connection.next(from: &at) == .text(22..<26))
    }

    @Test("a frame has a limit of its own")
    func frameLimit() {
        let limits = WebSocketLimits(frameBytes: 3, messageBytes: 100)
        expect(text("abc", final: false) + last("def"), gives: [.text("abcdef")], limits: limits)
        expect(head(1, announcing: 4), gives: [.violation(.frameTooBig)], limits: limits)
        #expect(PeerViolation.frameTooBig.closeCode == .messageTooBig)
    }

    @Test("limits on messages are none on control frames")
    func controlIsApart() {
        expect(ping("hello"), gives: [.ping("hello")], limits: WebSocketLimits(frameBytes: 0, messageBytes: 0))
    }

    @Test("the largest lengths there are", arguments: [1 << 62, (1 << 63) - 1, 1 << 32, 1 << 31] as [UInt64])
    func hugeAnnouncements(length: UInt64) {
        expect(head(2, announcing: length), gives: [.violation(.frameTooBig)])
        let boundless = WebSocketLimits(frameBytes: .max, messageBytes: .max)
        expect(head(2, announcing: length) + [1, 2, 3], gives: [], limits: boundless)
        expect(
            binary([1], final: false) + head(0, announcing: UInt64(Int.max)), gives: [.violation(.messageTooBig)],
            limits: boundless)
    }

    @Test("what was announced is not reserved; what arrived is held, and at most twice that")
    func memoryFollowsArrival() {
        var connection = Connection(WebSocketLimits(frameBytes: 1 << 30, messageBytes: 1 << 30))
        #expect(connection.receive(head(2, announcing: 1 << 30)) == [])
        #expect(connection.machine.message.capacity == 0)
        let piece = [UInt8](repeating: 1, count: 1_000)
        for round in 1...100 {
            #expect(connection.receive(piece) == [])
            #expect(connection.buffer.isEmpty)
            #expect(connection.machine.message.count == round * 1_000)
            #expect(connection.machine.message.capacity <= max(round * 2_000, 4_096) + 64)
        }
    }

    @Test("a large frame that comes in pieces is never given back to the driver to keep")
    func largeFramesAreSwallowed() {
        var connection = Connection()
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let input = binary(bytes)
        #expect(connection.receive(input.prefix(20_000)) == [])
        #expect(connection.buffer.isEmpty)
        #expect(connection.receive(input.dropFirst(20_000).prefix(70_001)) == [])
        #expect(connection.buffer.isEmpty)
        #expect(connection.receive(input.dropFirst(90_001)) == [.binary(bytes)])
        #expect(connection.machine.message.capacity == 0)
    }

    @Test("a refused message's memory is let go")
    func releasedOnViolation() {
        var connection = Connection()
        #expect(connection.receive(text(String(repeating: "a", count: 9_000), final: false)) == [])
        #expect(connection.receive([0x70]) == [.violation(.reservedBitSet)])
        #expect(connection.machine.message.capacity == 0)
    }
}
