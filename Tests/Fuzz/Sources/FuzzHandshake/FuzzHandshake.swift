import ChatHTTP1
import ChatWebSocketProtocol

@testable import ChatHTTPServer
@testable import Feeding

/// Any bytes as the fields of a request for a WebSocket: the head whole and in pieces gives the same verdicts; an upgrade is
/// one to both who judge it, its answer is one head, and a page of elsewhere is not taken for one of ours.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHandshake(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        let request = Array("GET /api/chat/ws/1 HTTP/1.1\r\n".utf8) + input + Array("\r\n\r\n".utf8)
        guard let head = head(request, request.count) else { return }
        for pieceSize in pieceSizes(for: input) { precondition(head == FuzzHandshake.head(request, pieceSize)) }
        checkHandshake(head)
        checkOrigin(head)
    }
}

private func head(_ request: [UInt8], _ pieceSize: Int) -> RequestHead? {
    guard case .head(let head)? = ByteFeeder(request, pieceSize: pieceSize).events.first else { return nil }
    return head
}

private func checkHandshake(_ head: RequestHead) {
    let verdict = Handshake.judge(method: head.method, minorVersion: head.minorVersion) { head.all($0) }
    switch verdict {
    case .accept(let key, let protocols):
        precondition(head.isUpgrade(to: "websocket"), "an upgrade to one of the two only")
        precondition(head.all("Sec-WebSocket-Version") == ["13"] && head.all("Sec-WebSocket-Key") == [key])
        precondition(key.utf8.count == 24 && Handshake.acceptInput(key: key).count == 60)
        let accept = Handshake.acceptValue(digest: [UInt8](repeating: 7, count: 20))
        for chosen in protocols.map(Optional.some) + [nil] {
            let fields = Handshake.responseFields(accept: accept, protocol: chosen)
                .filter { $0.name != "Upgrade" && $0.name != "Connection" }
                .map { HTTPField(name: $0.name, value: $0.value) }
            guard let bytes = ResponseWriter.switchingProtocols(to: "websocket", fields: fields) else {
                preconditionFailure("an answer that cannot be written")
            }
            precondition(bytes.count(where: { $0 == 10 }) == fields.count + 4, "an answer of another shape")
        }
    case .refuse(let refusal):
        precondition([400, 405, 426].contains(refusal.status))
        precondition(refusal.fields.allSatisfy { HTTPField(name: $0.name, value: $0.value).isValid })
        if !head.isUpgrade(to: "websocket") { precondition(refusal.status == 426, "another answer to no upgrade") }
    }
}

private let policy = OriginPolicy(allowed: ["https://app.example.org", "http://k.example:8080"])

private func checkOrigin(_ head: RequestHead) {
    let origins = head.all("Origin")
    switch policy.judge(head) {
    case .pass:
        guard let origin = origins.first else { return }
        let host = head.host ?? ""
        precondition(origins.count == 1 && ["http://" + host, "https://" + host].contains { isSame($0, origin) })
    case .share(let origin):
        precondition(origins.count == 1 && isSame(origin, origins[0]))
        precondition(["https://app.example.org", "http://k.example:8080"].contains { isSame($0, origin) })
    case .refuse: precondition(!origins.isEmpty)
    }
}

/// The same letters of ASCII in any case, and no letters that merely look or fold like them.
private func isSame(_ one: String, _ other: String) -> Bool {
    one.utf8.elementsEqual(other.utf8) { lowercased($0) == lowercased($1) }
}

private func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
