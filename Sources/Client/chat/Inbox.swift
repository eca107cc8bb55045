/// What is brought to a loop, one thing after the other. Whoever brings something goes on when the loop has done with it: so nothing piles
/// up here, and what is still to come waits where it comes from.
final class Inbox<Thing: Sendable>: Sendable {
    struct Delivery: Sendable {
        let thing: Thing
        fileprivate let bringer: CheckedContinuation<Void, Never>

        /// To be called once for each.
        func done() { bringer.resume() }
    }

    /// For one reader.
    let deliveries: AsyncStream<Delivery>
    private let door: AsyncStream<Delivery>.Continuation

    /// Holds as many as bring something at a time.
    init() { (deliveries, door) = AsyncStream<Delivery>.makeStream(bufferingPolicy: .unbounded) }

    /// Returns when it is done with, or when nobody reads any more.
    func bring(_ thing: Thing) async {
        await withCheckedContinuation { bringer in
            if case .terminated = door.yield(Delivery(thing: thing, bringer: bringer)) { bringer.resume() }
        }
    }

    /// Nothing more is read: who has brought something, or will, is sent on.
    func close() async {
        door.finish()
        for await delivery in deliveries { delivery.done() }
    }
}
