import Testing

@testable import ChatHTTPServer

@Suite("How many handshakes there may be")
struct HandshakeBookTests {
    @Test("full at the limit, and crowded until half of them are over")
    func crowd() {
        var book = HandshakeBook(limit: 4)
        let filling = (0..<4).map { _ in book.begin() }
        #expect(filling == [false, false, false, true])
        #expect(book.isCrowded)
        var wasFull = book.end()
        #expect(wasFull)
        #expect(book.isCrowded)
        wasFull = book.end()
        #expect(!wasFull)
        #expect(!book.isCrowded)
        // Below the limit there is no new crowd, at the limit there is.
        var isFull = book.begin()
        #expect(!isFull)
        #expect(!book.isCrowded)
        isFull = book.begin()
        #expect(isFull)
        #expect(book.isCrowded)
    }

    @Test("without a limit it is never full")
    func unlimited() {
        var book = HandshakeBook(limit: 0)
        let filling = (0..<1000).map { _ in book.begin() }
        #expect(!filling.contains(true))
        #expect(!book.isCrowded)
    }
}
