import ChatClient
import ChatKernel
import ScriptTesting

/// Reads a client's events for a script. The tests' time limit ends a wait for what never comes.
struct Reader {
    private var iterator: ChatClient.Events.Iterator
    /// The contents of all messages so far.
    private(set) var contents: [String] = []

    init(_ client: ChatClient) { iterator = client.events.makeAsyncIterator() }

    /// The next event.
    mutating func next() async throws -> ClientEvent {
        guard let event = await iterator.next() else { throw Trouble("the events have ended") }
        if case .entry(let entry) = event, case .message(let posted) = entry.change { contents.append(posted.content) }
        return event
    }

    /// The next event of which `pick` makes something.
    mutating func first<Value>(_ pick: (ClientEvent) -> Value?) async throws -> Value {
        while true { if let value = pick(try await next()) { return value } }
    }

    mutating func until(_ event: ClientEvent) async throws { try await first { $0 == event ? () : nil } }

    /// Reads on until so many messages have come.
    mutating func messages(_ count: Int) async throws {
        while contents.count < count { _ = try await next() }
    }

    /// The receipt of the next message that is stored.
    mutating func receipt() async throws -> Receipt {
        try await first { if case .sent(_, let receipt) = $0 { receipt } else { nil } }
    }
}

/// Runs a client for as long as the script takes.
func running<Value: Sendable>(
    _ client: ChatClient, _ script: (inout Reader) async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.run() }
        var reader = Reader(client)
        let value: Result<Value, any Error>
        do { value = .success(try await script(&reader)) } catch { value = .failure(error) }
        group.cancelAll()
        try await group.waitForAll()
        return try value.get()
    }
}
