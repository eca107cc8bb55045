#if Mutants
    import ChatKernel

    /// A deliberate fault of the kernel. A simulation that does not find it is not worth its time.
    public struct Mutant: Sendable {
        private let mutation: Mutation

        public static var all: [Mutant] { Mutation.allCases.map { Mutant(mutation: $0) } }

        public var name: String { mutation.rawValue }

        /// The first seed that shows it; nil when none does.
        public func find(in seeds: Range<UInt64>, doings: Int = Simulation.doings) -> Simulation.Outcome? {
            Mutation.choose(mutation)
            defer { Mutation.choose(nil) }
            for seed in seeds {
                let outcome = Simulation.run(seed: seed, doings: doings)
                if outcome.failure != nil { return outcome }
            }
            return nil
        }
    }
#endif
