/// A seeded driver over the kernel: a faulty store, hosts that crash and restart, clients that connect, drop, resume
/// and repeat themselves. Nothing but the seed decides what happens, so a seed that fails can be given back.
public enum Simulation {
    /// What a seed came to.
    public struct Outcome: Sendable {
        public let seed: UInt64
        /// What should not have happened; nil when nothing did.
        public let failure: String?
        /// Of everything that happened. The same seed gives the same.
        public let digest: UInt64
        public let entries: Int
        public let lives: Int
    }

    /// How many things the driver does with a seed unless told otherwise.
    public static let doings = 400

    /// Lives one seed's world through.
    /// - Parameter trace: is told what happens, line by line.
    public static func run(
        seed: UInt64, doings: Int = Simulation.doings, trace: ((String) -> Void)? = nil
    ) -> Outcome {
        let world = World(seed: seed, trace: trace)
        world.live(doings: doings)
        return Outcome(
            seed: seed, failure: world.failure, digest: world.digest, entries: Int(world.history { $0.head }),
            lives: world.pastLives.count + 1)
    }
}
