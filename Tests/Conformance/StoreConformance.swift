public import ChatKernel

/// One thing a store must do, as a value: any test framework can run it, and so can a `for` loop in a script.
public struct ConformanceCase: Sendable, CustomStringConvertible {
    /// What must hold; the words of the contract's sentence where there is one.
    public let name: String
    public let run: @Sendable (any StoreHarness) async throws -> Void

    init(_ name: String, run: @escaping @Sendable (any StoreHarness) async throws -> Void) {
        self.name = name
        self.run = run
    }

    public var description: String { name }
}

/// How the cases get at the stores they try.
public protocol StoreHarness: Sendable {
    /// A new, empty store.
    func makeStore() async throws -> any Store

    /// Closes the store and opens another on the same data; nil for a store that forgets, once it is closed.
    func reopen(_ store: any Store) async throws -> (any Store)?

    /// What its stores must be able to do besides; nothing unless it says otherwise. A store without an ability that is named
    /// fails the cases of it; where it is not named, they ask nothing of such a store.
    var abilities: Set<StoreAbility> { get }
}

extension StoreHarness {
    public var abilities: Set<StoreAbility> { [] }
}

/// What a store may be able to do besides, where there are cases of it.
public enum StoreAbility: Sendable {
    /// ``StoreWithSearch``.
    case search
    /// ``StoreWithRetention``.
    case retention

    fileprivate var contract: Any.Type {
        switch self {
        case .search: (any StoreWithSearch).self
        case .retention: (any StoreWithRetention).self
        }
    }
}

/// A store did not do what it must.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// What every ``Store`` must do.
///
/// ```swift
/// @Test(arguments: StoreConformance.cases)
/// func conforms(_ item: ConformanceCase) async throws { try await item.run(MyHarness()) }
/// ```
public enum StoreConformance {
    /// All cases, independent of one another.
    public static let cases: [ConformanceCase] =
        numbering + batches + idempotency + conversations + members + limits + messages + pages + budgets
        + replays + search + retention + accounts + life

    /// A case for stores that have an optional ability; of another it asks nothing, unless its harness said that it has it.
    static func offering<Ability>(
        _ name: String, _ look: @escaping @Sendable (Scene, Ability) async throws -> Void
    ) -> ConformanceCase {
        ConformanceCase(name) { harness in
            let scene = try await Scene.open(harness)
            guard let ability = scene.store as? Ability else {
                let isDue = harness.abilities.contains { $0.contract == Ability.self }
                return try expect(!isDue, "the store must be a \(Ability.self), as its harness says")
            }
            try await look(scene, ability)
        }
    }
}
