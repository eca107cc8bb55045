import ScriptTesting
import TLSTesting

/// A blocking TCP client, as plain as can be. Every wait ends after five minutes with an error, so a broken server
/// fails a test instead of hanging it.
final class TestClient: @unchecked Sendable {
    private let wire: LoopbackSocket
    private var buffered: [UInt8] = []
    /// Sends a byte at a time.
    var trickles = false
    /// What is held back while corked.
    private var corked: [UInt8]?
    /// Nil without TLS.
    private(set) var tls: TLSClient?

    /// - Parameters:
    ///   - receiveBuffer: small, for a peer that shall notice that nothing is read.
    ///   - tls: to shake hands with; nil for a plain connection.
    init(port: UInt16, receiveBuffer: Int32? = nil, tls options: TLSClient.Options? = nil) throws {
        wire = try LoopbackSocket(port: port, patience: 300, receiveBuffer: receiveBuffer)
        if let options { try secure(options) }
    }

    /// Shakes hands. A first text goes in one piece with the client's last word.
    func secure(_ options: TLSClient.Options, and first: String = "") throws {
        let client = TLSClient(
            options, carry: { [unowned self] in try sendPlain($0) }, fetch: { [wire] in try wire.receive() })
        tls = client
        guard !first.isEmpty else { return try client.shakeHands() }
        corked = []
        try client.shakeHands(whenever: { [unowned self] in try uncork() })
        try client.send(Array(first.utf8))
        try uncork()
        corked = nil
    }

    private func uncork() throws {
        guard let held = corked else { return }
        corked = nil
        try sendPlain(held)
        corked = []
    }

    func close() { wire.close() }

    /// Closes with a reset instead of a farewell.
    func reset() { wire.reset() }

    func halfClose() { wire.halfClose() }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        if let tls { try tls.send(bytes) } else { try sendPlain(bytes) }
    }

    /// Sends all of it in one piece, records of TLS too.
    func together(_ body: () throws -> Void) throws {
        corked = []
        try body()
        let held = corked ?? []
        corked = nil
        try sendPlain(held)
    }

    private func sendPlain(_ bytes: [UInt8]) throws {
        if corked != nil {
            corked? += bytes
            return
        }
        guard trickles else { return try wire.send(bytes[...]) }
        for place in bytes.indices { try wire.send(bytes[place...place]) }
    }

    /// The next bytes, at least one; nil at the end.
    private func receive() throws -> [UInt8]? {
        if let tls { try tls.receive() } else { try wire.receive() }
    }

    /// Exactly `count` bytes.
    func read(_ count: Int) throws -> [UInt8] {
        while buffered.count < count {
            guard let more = try receive() else {
                throw Trouble("ended after \(buffered.count) of \(count) bytes: \(text(buffered))")
            }
            buffered += more
        }
        defer { buffered.removeFirst(count) }
        return Array(buffered.prefix(count))
    }

    /// All bytes up to the end of the stream.
    func readToEnd() throws -> [UInt8] {
        while let more = try receive() { buffered += more }
        defer { buffered = [] }
        return buffered
    }

    /// Reads until the server has ended the connection, be it by a reset.
    func waitForEnd() throws {
        do { _ = try readToEnd() } catch is LoopbackSocket.Reset {}
    }

    /// Everything up to and including a text.
    func read(through end: String) throws -> String {
        let mark = Array(end.utf8)
        var seen = 0
        while true {
            while seen + mark.count <= buffered.count {
                if buffered[seen..<(seen + mark.count)].elementsEqual(mark) { return text(try read(seen + mark.count)) }
                seen += 1
            }
            guard let more = try receive() else {
                throw Trouble("ended before \(end.debugDescription): \(text(buffered))")
            }
            buffered += more
        }
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
