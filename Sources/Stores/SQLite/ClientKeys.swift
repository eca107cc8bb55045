import ChatKernel

/// The name a user gave a message in a conversation.
struct ClientKey: Hashable, Sendable {
    let conversation: Int64
    let author: Int64
    let name: String
}

/// Which names have been used: those of the tail in memory, the others in `client_keys`. The writer's alone.
final class ClientKeys {
    private var young: [ClientKey: Pos] = [:]
    private var old: [ClientKey: Pos] = [:]
    /// False while the table is empty, which spares a look-up for each message.
    var isTableUsed: Bool
    private let look: Statement

    init(_ connection: Connection) throws(StoreError) {
        look = try connection.statement(
            "SELECT pos FROM client_keys WHERE conversation = ? AND author = ? AND name = ?")
        isTableUsed =
            try connection.statement("SELECT 1 FROM client_keys LIMIT 1").first { _ in true } ?? false
    }

    func pos(of key: ClientKey) throws(StoreError) -> Pos? {
        if let pos = young[key] ?? old[key] { return pos }
        guard isTableUsed else { return nil }
        look.bind(1, key.conversation)
        look.bind(2, key.author)
        look.bind(3, key.name)
        defer { look.reset() }
        return try look.step() ? look.integer(0) : nil
    }

    func keep(_ pos: Pos, for key: ClientKey) { young[key] = pos }

    func beginFill() {
        old = young
        young = [:]
    }

    func endFill() { old = [:] }
}
