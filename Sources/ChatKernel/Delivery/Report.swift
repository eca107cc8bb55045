import Synchronization

/// A thing to be said at most once.
final class Report: Sendable {
    private let said = Atomic<Bool>(false)
    private let say: @Sendable () -> Void

    init(_ say: @escaping @Sendable () -> Void) { self.say = say }

    func make() {
        if !said.exchange(true, ordering: .acquiringAndReleasing) { say() }
    }
}
