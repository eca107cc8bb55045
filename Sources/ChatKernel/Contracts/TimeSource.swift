/// Where the kernel's time comes from. It comes in through the door so that a test or a simulation can hold it.
///
/// The standard library has no wall clock, so an embedder passes one; `ChatHost` brings `.system`. Asked from any
/// thread, several times for each message, so the clocks may not wait for anything.
public protocol TimeSource: Sendable {
    /// The wall clock. May jump; entries' times do not go backwards all the same.
    func wall() -> Timestamp
    /// Monotonic nanoseconds from an arbitrary start.
    func monotonic() -> Int64
    /// Returns once ``monotonic()`` has reached `deadline`, or throws when the task was cancelled.
    func sleep(until deadline: Int64) async throws
}
