#if Mutants
    import Synchronization

    /// Deliberate faults, compiled in only with the `Mutants` trait: the test of the simulation, which must find each.
    public enum Mutation: Int, Sendable, CaseIterable {
        case none
        case dropsDelivery
        case skipsSpliceBuffer
        case skipsHoleCheck
        case showsBeforeCommit
        case acknowledgesFailure
        case deliversTwice
        case ignoresMembership
        case ignoresDeparture
        case reordersBatch
        case forgetsKeys

        private static let chosen = Atomic<Int>(0)

        public static func choose(_ mutation: Mutation) { chosen.store(mutation.rawValue, ordering: .relaxed) }

        private static func isChosen(_ mutation: Mutation) -> Bool {
            chosen.load(ordering: .relaxed) == mutation.rawValue
        }

        static var dropsADelivery: Bool { isChosen(.dropsDelivery) }
        static var skipsSpliceBuffer: Bool { isChosen(.skipsSpliceBuffer) }
        static var skipsHoleCheck: Bool { isChosen(.skipsHoleCheck) }
        static var showsBeforeCommit: Bool { isChosen(.showsBeforeCommit) }
        static var acknowledgesFailure: Bool { isChosen(.acknowledgesFailure) }
        static var deliversTwice: Bool { isChosen(.deliversTwice) }
        static var ignoresMembership: Bool { isChosen(.ignoresMembership) }
        public static var ignoresDeparture: Bool { isChosen(.ignoresDeparture) }
        static var reordersBatch: Bool { isChosen(.reordersBatch) }
        static var forgetsKeys: Bool { isChosen(.forgetsKeys) }
    }
#else
    /// Deliberate faults for the test of the simulation. Without the `Mutants` trait each is a constant `false`, which
    /// the compiler removes.
    enum Mutation {
        @inline(__always) static var dropsADelivery: Bool { false }
        @inline(__always) static var skipsSpliceBuffer: Bool { false }
        @inline(__always) static var skipsHoleCheck: Bool { false }
        @inline(__always) static var showsBeforeCommit: Bool { false }
        @inline(__always) static var acknowledgesFailure: Bool { false }
        @inline(__always) static var deliversTwice: Bool { false }
        @inline(__always) static var ignoresMembership: Bool { false }
        @inline(__always) static var ignoresDeparture: Bool { false }
        @inline(__always) static var reordersBatch: Bool { false }
        @inline(__always) static var forgetsKeys: Bool { false }
    }
#endif
